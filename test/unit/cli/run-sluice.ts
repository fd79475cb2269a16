import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sluiceProgram } from '../../support/program.js';

const inherited = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'SLUICE_DEBUG', 'WAREHOUSE_URL', 'CRM_TOKEN'];

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves with what the expression's first group caught on standard error, or '' without one; rejects when the program ends before that. */
  said(words: RegExp): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts the real program in a folder. */
export async function startSluice(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Running> {
  return startProgram(await sluiceProgram(), folder, args, env);
}

/** Nothing of this process's own Temporal settings reaches it. */
function startProgram(program: string, folder: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.includes(name)));
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let heard = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  const ended = Promise.all([text(child.stdout), once(child, 'close')]).then(([stdout]) => ({ exitCode: child.exitCode, stdout, stderr: heard }));
  const said = async (words: RegExp): Promise<string> => {
    for (;;) {
      const found = words.exec(heard);
      if (found !== null) return found[1] ?? '';
      if (child.exitCode !== null) throw new Error(`sluice ended with ${child.exitCode} and never said ${words.source}:\n${heard}`);
      await Promise.race([once(child.stderr, 'data'), ended]);
    }
  };
  return { child, said, ended };
}

export async function runSluice(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { ended } = await startSluice(folder, args, env);
  return ended;
}

/** The same with a copy of the program. */
export function runProgram(program: string, folder: string, args: readonly string[]): Promise<Ended> {
  return startProgram(program, folder, args, {}).ended;
}

/** A configuration whose warehouse nobody needs to start: `subscriptions` is put in as YAML, indented by two spaces. */
export async function writeConfiguration(folder: string, subscriptions: string): Promise<void> {
  await writeFile(
    join(folder, 'sluice.yaml'),
    `workspace: {id: acme}
sources:
  warehouse: {type: postgres, url: "\${WAREHOUSE_URL}"}
models:
  customers: {source: warehouse, query: select id from customers, identifier: id}
destinations:
  crm: {type: webhook, url: "http://127.0.0.1:1/", headers: {authorization: "Bearer \${CRM_TOKEN}"}}
subscriptions:
${subscriptions}`,
  );
}

/** Values for the configuration's variables. Nothing listens there. */
export const variables = { WAREHOUSE_URL: 'postgres://someone:hidden@127.0.0.1:1/shop', CRM_TOKEN: 'hidden' };
