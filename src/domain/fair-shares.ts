/**
 * Shares a total among demands so that the smallest share is as large as it can be (max-min fairness): whoever wants less than an equal part gets all it wants,
 * and what it leaves is shared by the others. In the order of the demands; fractions stay.
 */
export function fairShares(total: number, demands: readonly number[]): readonly number[] {
  const shares = demands.map(() => 0);
  let left = Math.max(0, total);
  const smallestFirst = demands.map((demand, index) => ({ demand, index })).sort((one, other) => one.demand - other.demand);
  for (const [place, { demand, index }] of smallestFirst.entries()) {
    const share = Math.min(demand, left / (smallestFirst.length - place));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
