// Runs a TypeScript file on a machine with nothing but Node.js on it: `node scripts/bootstrap.mjs FILE.ts [arguments …]`.
// Plain JavaScript without dependencies, because on a fresh clone there are none yet.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function readJson(path) {
  try {
    return JSON.parse(readFileSync(resolve(root, path), 'utf8'));
  } catch {
    return null;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function checkNode() {
  const wanted = readJson('package.json').engines.node.replace('>=', '').split('.').map(Number);
  const found = process.versions.node.split('.').map(Number);
  const older = found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1]);
  if (older) fail(`Sluice needs Node.js ${wanted.join('.')} or newer, and this is ${process.versions.node}. Install a newer one: https://nodejs.org`);
}

/** npm writes its own record of what it installed only when it has finished. */
function isInstalled() {
  const asked = readJson('package-lock.json')?.packages ?? {};
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (!installed) return false;
  return Object.entries(asked).every(([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version);
}

function install() {
  console.error('Installing what package-lock.json asks for (npm ci) …');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  // Its output goes to standard error, so that standard output belongs to the program.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) fail(`npm ci did not work${error ? ` (${error.message})` : ''}; its messages above say why. Nothing else was started.`);
}

/** Our parent, and the parent's parent where the parent is the shell that npm puts in between. */
function starters() {
  try {
    const [, parentName, grandparent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${process.ppid}/stat`, 'utf8'));
    return ['sh', 'dash', 'bash', 'ash'].includes(parentName) ? `${process.ppid} ${grandparent}` : `${process.ppid}`;
  } catch {
    return `${process.ppid}`; // no /proc: the shells of such systems become what they run
  }
}

/** npm that is killed doesn't tell what it started. Whoever loses a parent gets another one. */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const atFirst = starters();
  const watch = setInterval(() => {
    if (starters() === atFirst) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

const [file, ...args] = process.argv.slice(2);
if (!file) fail('usage: node scripts/bootstrap.mjs FILE.ts [arguments …]');
checkNode();
if (!isInstalled()) install();
endWithNpm();
// In this process rather than in a child: signals, exit code and standard input need no passing on.
const { register } = await import('tsx/esm/api');
register();
process.argv = [process.execPath, resolve(file), ...args];
await import(pathToFileURL(resolve(file)).href);
