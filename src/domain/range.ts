/** `count` whole numbers from `first` on. */
export function range(first: number, count: number): number[] {
  const numbers = new Array<number>(count);
  for (let index = 0; index < count; index++) numbers[index] = first + index;
  return numbers;
}
