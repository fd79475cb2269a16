/**
 * Declares tests that share nothing and mostly wait, so that they may wait together: the first one starts all, and each ends with its own work.
 * One that is tried again runs alone.
 */
export function sideBySide(tests: Readonly<Record<string, () => Promise<void>>>): void {
  const running = new Map<string, Promise<void>>();
  let isStarted = false;
  const startAll = (): void => {
    isStarted = true;
    for (const [name, run] of Object.entries(tests)) {
      const work = run();
      work.catch(() => undefined); // told by its own test
      running.set(name, work);
    }
  };
  for (const [name, run] of Object.entries(tests)) {
    it(name, () => {
      if (!isStarted) startAll();
      const work = running.get(name) ?? run();
      running.delete(name);
      return work;
    });
  }
  after(() => Promise.allSettled(running.values())); // those that no test asked for
}
