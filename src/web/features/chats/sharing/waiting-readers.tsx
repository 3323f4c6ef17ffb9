/** Where the readers of a chat will stand, as high as they will be: what is below does not move away from under a finger. */
export function WaitingReaders({ people }: { people: number }) {
  return (
    <ul className="mb-2 max-h-72 overflow-hidden" aria-hidden="true">
      {Array.from({ length: people }, (_, i) => i).map((i) => (
        <li key={i} className="flex h-[50px] items-center">
          <span className="skeleton h-8 flex-1" />
        </li>
      ))}
    </ul>
  )
}
