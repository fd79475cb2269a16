import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Makes a Python environment of that name with these packages from PyPI; asks for Python 3 with its venv module. Returns the folder of its commands. */
export async function installPython(folder: string, name: string, requirements: readonly string[]): Promise<string> {
  const environment = join(folder, name);
  await runCommand('python3', ['-m', 'venv', environment], folder);
  await runCommand(join(environment, 'bin/pip'), ['install', '--quiet', ...requirements], folder);
  return join(environment, 'bin');
}

/** @throws Error with the command's last output */
export async function runCommand(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, DO_NOT_TRACK: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-2_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} ended with ${code ?? 'a signal'}; its last output:\n${output}`);
}
