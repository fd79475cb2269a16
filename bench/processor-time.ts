import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever its own clock does. */
const ticksPerSecond = 100;

/**
 * Processor seconds that a process and all that it ever started have used, the living and the reaped; null where there is no /proc.
 * PostgreSQL's parallel workers come and go, and their parent's account keeps what they used.
 */
export function processorSecondsOf(parent: number): number | null {
  for (;;) {
    const before = accountOf(parent);
    if (before === null) return null;
    let ticks = before.reaped;
    for (const name of readdirSync('/proc')) {
      const account = /^\d+$/.test(name) ? accountOf(Number(name)) : null;
      if (account?.parent === parent) ticks += account.used + account.reaped;
    }
    // A child that was reaped meanwhile may be in neither sum, or in both.
    if (accountOf(parent)?.reaped === before.reaped) return ticks / ticksPerSecond;
  }
}

/** The process that started `pid`; null where there is no /proc. */
export function parentOf(pid: number): number | null {
  return accountOf(pid)?.parent ?? null;
}

interface Account {
  readonly parent: number;
  readonly used: number;
  /** Used by children that have ended. */
  readonly reaped: number;
}

function accountOf(pid: number): Account | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    return { parent: fields[1] ?? 0, used: (fields[11] ?? 0) + (fields[12] ?? 0), reaped: (fields[13] ?? 0) + (fields[14] ?? 0) };
  } catch {
    return null; // it has ended, or this isn't Linux
  }
}
