import type { BatchPlace } from '../destination.js';
import { digits } from './pieces.js';

/** A batch as an object, named by where it stands and what it holds: the same batch has the same name, whoever writes it. */
export interface Part {
  readonly name: string;
  readonly chunk: number;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly records: number;
  readonly sha256: string;
}

const partName = /^part-(\d{6,})-(\d{9,})-(\d{9,})\.(\d+)\.([0-9a-f]{64})\.(?:jsonl|csv)(?:\.gz)?$/;

export function nameOfPart({ chunk, lines }: BatchPlace, sha256: string, ending: string): string {
  return `part-${digits(chunk, 6)}-${digits(lines[0] ?? 0, 9)}-${digits(lines.at(-1) ?? 0, 9)}.${lines.length}.${sha256}.${ending}`;
}

/** Null for what is no part. */
export function partNamed(name: string): Part | null {
  const [, chunk, firstLine, lastLine, records, sha256] = partName.exec(name) ?? [];
  if (sha256 === undefined) return null;
  return { name, chunk: Number(chunk), firstLine: Number(firstLine), lastLine: Number(lastLine), records: Number(records), sha256 };
}

/**
 * The parts of one chunk that together hold each of its records once. A batch whose answer was lost may have come again cut to another length, so some parts
 * can overlap. Every attempt begins where the log of acknowledged batches ends; so whatever part one starts from, another ends right before it, and a walk
 * from the last line to the first leaves no gap.
 */
export function withoutOverlap(parts: readonly Part[]): readonly Part[] {
  const chosen: Part[] = [];
  for (const part of parts.toSorted((one, other) => other.lastLine - one.lastLine || one.firstLine - other.firstLine)) {
    const following = chosen.at(-1);
    if (following === undefined || part.lastLine < following.firstLine) chosen.push(part);
  }
  return chosen.reverse();
}
