import Table from 'cli-table3';
import type { Json } from '../domain/subscription.js';

/** Prints a command's result as one JSON document; nothing else may go to standard output then. */
export function printJson(result: unknown): void {
  console.log(JSON.stringify(result));
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

const sides = ['top', 'bottom', 'left', 'right', 'mid'] as const;
const parts = ['', '-mid', '-left', '-right'] as const;
const noLines = Object.fromEntries(sides.flatMap((side) => parts.map((part) => [`${side}${part}`, '']))) as Record<`${(typeof sides)[number]}${(typeof parts)[number]}`, string>;

/** Aligned columns under their titles, without lines or colours. */
export function tableText(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: { ...noLines, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  table.push(columns.map(({ title }) => title), ...rows.map((row) => [...row]));
  return table.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}

/** `2026-01-31 09:00:00 UTC` of an ISO 8601 time in UTC. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/** The time between two ISO 8601 times, in the two largest units that matter. */
export function durationText(fromIso: string, toIso: string): string {
  const ms = Math.max(0, Date.parse(toIso) - Date.parse(fromIso));
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A value on one line, cut where it is long. Control characters stay escaped, so that no data can steer a terminal. */
export function shortText(value: Json): string {
  const text = JSON.stringify(value);
  const plain = typeof value === 'string' && text === `"${value}"` ? value : text;
  return plain.length > shownCharacters ? `${plain.slice(0, shownCharacters - 1)}…` : plain;
}

const shownCharacters = 32;
