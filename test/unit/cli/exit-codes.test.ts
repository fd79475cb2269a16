import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mainFile, sluiceFolder } from '../../support/program.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { runProgram, runSluice, variables, writeConfiguration } from './run-sluice.js';

const subscription = '  customers_to_crm: {model: customers, destination: crm, schedule: manual}\n';
const nowhere = ['--address', '127.0.0.1:1'];

describe('the exit codes and messages of sluice', function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;

  before(async () => {
    folder = await temporaryFolder();
  });
  beforeEach(() => writeConfiguration(folder.path, subscription));
  after(() => folder.remove());

  it('are 0 for a configuration without mistakes, in words or as one JSON document', async () => {
    const [inWords, asJson] = await Promise.all([runSluice(folder.path, ['validate'], variables), runSluice(folder.path, ['validate', '--json'], variables)]);
    assert.deepEqual(inWords, { exitCode: 0, stdout: 'sluice.yaml is valid; subscriptions: customers_to_crm\n', stderr: '' });
    assert.equal(asJson.exitCode, 0);
    assert.deepEqual(JSON.parse(asJson.stdout), { valid: true, subscriptions: ['customers_to_crm'] });
  });

  it('are 2 for a configuration with mistakes, naming the place of each', async () => {
    await writeConfiguration(folder.path, '  customers_to_crm: {modle: customers, destination: crm, schedule: {every: 14m}}\n');
    const [inWords, asJson] = await Promise.all([
      runSluice(folder.path, ['validate'], { CRM_TOKEN: 'hidden' }),
      runSluice(folder.path, ['--json', 'validate'], { CRM_TOKEN: 'hidden' }),
    ]);
    assert.equal(inWords.exitCode, 2);
    assert.equal(inWords.stdout, '');
    for (const place of [
      'sluice.yaml:3:31: sources.warehouse.url: the environment variable WAREHOUSE_URL is not set',
      'sluice.yaml:9:22: subscriptions.customers_to_crm.modle: unknown key, did you mean "model"?',
      'subscriptions.customers_to_crm.schedule.every: syncs must be at least 15 minutes apart',
    ]) {
      assert.ok(inWords.stderr.includes(place), `${place} in\n${inWords.stderr}`);
    }
    assert.equal(asJson.exitCode, 2);
    assert.deepEqual(JSON.parse(asJson.stdout), { valid: false, problems: inWords.stderr.trimEnd().split('\n') });
  });

  it('are 2 for what only the parts of a destination know to be wrong, with the place of each too', async () => {
    const [module, segment] = ['  own: {type: module, path: ./missing.js}\n', '  seg:\n    {type: segment, slug: slack, action: postToChanel}\n'];
    const subscriptions = `  alerts: {model: customers, destination: slack, schedule: manual, mapping: {url: "https://a.example", text: b, txt: c}}\n`;
    await writeConfiguration(folder.path, `${subscriptions}destinations:\n  slack: {type: segment, slug: slack, action: postToChannel}\n${module}${segment}`);
    const file = join(folder.path, 'sluice.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^destinations:\n {2}crm.*\n/m, ''));
    const { exitCode, stderr } = await runSluice(folder.path, ['validate'], variables);
    assert.equal(exitCode, 2);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 3, stderr);
    assert.match(lines[0] ?? '', /^sluice\.yaml:7:\d+: subscriptions\.alerts\.mapping\.txt: unknown key, did you mean "text"\?$/);
    assert.match(lines[1] ?? '', /^sluice\.yaml:10:3: destinations\.own: the module .*missing\.js cannot be loaded \(ERR_MODULE_NOT_FOUND/);
    assert.match(lines[2] ?? '', /^sluice\.yaml:11:3: destinations\.seg: action: .* has no action "postToChanel"/);
  });

  it('are 2 where Segment\'s package is not installed, with how to install it', async () => {
    await cp(await sluiceFolder(), folder.path, { recursive: true, filter: (from) => !from.endsWith('node_modules') });
    const modules = join(await sluiceFolder(), 'node_modules');
    await mkdir(join(folder.path, 'node_modules'));
    for (const name of await readdir(modules)) {
      if (name !== '@segment') await symlink(join(modules, name), join(folder.path, 'node_modules', name));
    }
    const { exitCode, stderr } = await runProgram(join(folder.path, mainFile), folder.path, ['destinations', 'klaviyo']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^Segment's destinations are a package of their own, which is not there \(MODULE_NOT_FOUND\): run `npm install @segment\/action-destinations@/);
  });

  it('are 2 for commands, options and values that do not exist', async () => {
    const wrong = [['syn'], ['sync'], ['history', 'customers_to_crm', '--limit', 'many']];
    const ended = await Promise.all(wrong.map((args) => runSluice(folder.path, args, variables)));
    assert.deepEqual(ended.map(({ exitCode, stdout }) => ({ exitCode, stdout })), wrong.map(() => ({ exitCode: 2, stdout: '' })));
    assert.match(ended[0]?.stderr ?? '', /unknown command 'syn'\n\(Did you mean sync\?\)/);
    assert.match(ended[1]?.stderr ?? '', /missing required argument 'subscription'/);
    assert.match(ended[2]?.stderr ?? '', /--limit.*Expected a whole number/);
  });

  it('are 2 for a subscription that the configuration lacks, suggesting the nearest, whether Temporal is there or not', async () => {
    const commands = ['sync', 'history'];
    for (const ended of await Promise.all(commands.map((command) => runSluice(folder.path, [command, 'customer_to_crm', ...nowhere])))) {
      assert.deepEqual(ended, { exitCode: 2, stdout: '', stderr: 'sluice.yaml: unknown subscription "customer_to_crm", did you mean "customers_to_crm"?\n' });
    }
  });

  it('are 2 when a named configuration is missing, also for commands that could do without one', async () => {
    const { exitCode, stderr } = await runSluice(folder.path, ['status', '-c', 'elsewhere.yaml', ...nowhere]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^elsewhere\.yaml: there is no such file/);
  });

  it('are 3 when Temporal is not there, with its address, and nothing on standard output', async () => {
    const commands = [['plan', '--json'], ['worker']];
    const ended = await Promise.all(commands.map((args) => runSluice(folder.path, [...args, ...nowhere], variables)));
    for (const { exitCode, stdout, stderr } of ended) {
      assert.equal(exitCode, 3, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^no Temporal server answers at 127\.0\.0\.1:1: .*TEMPORAL_ADDRESS/);
    }
  });

  it('are 3 when history cannot reach the warehouse, for which it needs no other variable', async () => {
    const { exitCode, stderr } = await runSluice(folder.path, ['history', 'customers_to_crm'], { WAREHOUSE_URL: variables.WAREHOUSE_URL });
    assert.equal(exitCode, 3);
    assert.match(stderr, /^warehouse "warehouse" can't be reached/);
    assert.ok(!stderr.includes('hidden'), 'the password stays out of it');
  });
});
