// What tsc leaves to do for `npm run build`: the workflows in one file, so that no worker has to bundle them (which takes 100 MB that it keeps), and a command that can be run.
import { bundleWorkflowCode } from '@temporalio/worker';
import { chmodSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = (path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

const logger = { ...console, log: () => undefined, trace: () => undefined, debug: () => undefined, info: () => undefined };
const { code } = await bundleWorkflowCode({ workflowsPath: built('workflows/index.js'), logger });
writeFileSync(built('workflows/bundle.js'), code);
chmodSync(built('src/cli/main.js'), 0o755);
