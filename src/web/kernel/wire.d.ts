/** Method and path of every endpoint by its id, written by `vite.config.ts` from the contract. */
declare module 'virtual:wire' {
  export const WIRE: Readonly<Record<string, readonly [method: string, path: string]>>
}
