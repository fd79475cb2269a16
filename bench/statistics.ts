/** Several runs of one measurement, in the unit of what was measured. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: quantile(values, 0), max: quantile(values, 1) };
}

/** The value below which `share` (0 to 1) of all values lie, interpolated between neighbours. @throws RangeError for no values */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('no values were measured');
  return below + (above - below) * (place - Math.floor(place));
}

/** Each run's value divided by the same run's floor: what disturbs a run disturbs both. */
export function ratios(values: readonly number[], floors: readonly number[]): number[] {
  return values.flatMap((value, run) => {
    const floor = floors[run];
    return floor === undefined || floor === 0 ? [] : [value / floor];
  });
}
