/**
 * Does `work` for each of the items, at most `atOnce` of them at a time, and gives what came of them, in their order.
 * After a failure nothing more is begun, and nothing is under way any more when this rejects with it.
 */
export async function several<Item, Result>(items: Iterable<Item>, atOnce: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items].entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
