/** How everything that floats above the page looks. */
export const POPUP = 'overlay-motion rounded-panel border border-line bg-surface text-ink shadow-overlay outline-none'
