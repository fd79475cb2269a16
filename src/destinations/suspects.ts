import type { Group } from './verdict.js';

/** Records of a batch one of which may be the reason that no answer comes, and how it is found. */
export class Suspects {
  /** How many answers had settled something when the record's last attempt went wrong. */
  readonly #settlements = new Map<number, number>();

  /**
   * How a group goes on that went wrong. A lost answer is no rarity, so it goes again once as it is; then it is split. A record that was alone ends,
   * if the destination had settled something since the record's attempt before: then it is the cause, and no outage is.
   */
  judge(group: Group, settlements: number): 'repeat' | 'split' | 'end' {
    const before = this.#settlements.get(group[0] ?? -1);
    for (const index of group) this.#settlements.set(index, settlements);
    if (before === undefined) return 'repeat';
    return group.length === 1 && before < settlements ? 'end' : 'split';
  }

  /** Groups that went wrong in an earlier attempt, and the others. */
  tellApart(groups: readonly Group[]): readonly [suspects: readonly Group[], others: readonly Group[]] {
    const isSuspect = (group: Group): boolean => group.some((index) => this.#settlements.has(index));
    return [groups.filter(isSuspect), groups.filter((group) => !isSuspect(group))];
  }
}
