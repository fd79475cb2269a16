import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import ts from 'typescript';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

let shared: Promise<TemporaryFolder> | null = null;

/** The command's file, in the folder of the program. */
export const mainFile = 'src/cli/main.js';

/** The file of the command `sluice`. */
export async function sluiceProgram(): Promise<string> {
  return join(await sluiceFolder(), mainFile);
}

/** The program, compiled from this checkout once for all processes of a test run: each of them would take seconds to do it again. */
export async function sluiceFolder(): Promise<string> {
  shared ??= compiled();
  return (await shared).path;
}

export async function removeSluiceProgram(): Promise<void> {
  await (await shared)?.remove();
}

async function compiled(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  const [{ code }] = await Promise.all([
    bundleWorkflowCode({ workflowsPath: join(root, 'workflows/index.ts'), logger: new DefaultLogger('ERROR') }),
    ...['src', 'workflows', 'activities'].map((room) => compileRoom(room, folder.path)),
    copyFile(join(root, 'package.json'), join(folder.path, 'package.json')),
    symlink(join(root, 'node_modules'), join(folder.path, 'node_modules')),
  ]);
  await writeFile(join(folder.path, 'workflows/bundle.js'), code);
  return folder;
}

async function compileRoom(room: string, folder: string): Promise<void> {
  const files = (await readdir(join(root, room), { recursive: true })).filter((file) => file.endsWith('.ts'));
  await Promise.all(files.map(async (file) => {
    const source = await readFile(join(root, room, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true } });
    const to = join(folder, room, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, outputText);
  }));
}
