/** Locks among the pages and workers of an origin (Web Locks API); `undefined` where there are none, as without https. */
export function lockManager(): LockManager | undefined {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
}
