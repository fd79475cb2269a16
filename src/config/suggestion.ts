import { distance } from 'fastest-levenshtein';

/** Ends a sentence about an unknown word: the nearest known one, or all of them where none is near. */
export function suggestion(word: string, known: readonly string[]): string {
  const nearest = nearestOf(word.toLowerCase(), known);
  return nearest === null ? `, expected ${anyOf(known)}` : `, did you mean "${nearest}"?`;
}

function nearestOf(word: string, known: readonly string[]): string | null {
  const begun = known.find((candidate) => word.length > 2 && candidate.toLowerCase().startsWith(word));
  if (begun !== undefined) return begun;
  const apart = known.map((candidate) => distance(word, candidate.toLowerCase()));
  const least = Math.min(...apart);
  return least <= Math.max(1, Math.floor(word.length / 2)) ? (known[apart.indexOf(least)] ?? null) : null;
}

export function anyOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
