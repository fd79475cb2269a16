import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { loadConfiguration } from '../../../src/config/index.js';

const file = fileURLToPath(new URL('../../../examples/demo/sluice.yaml', import.meta.url));

describe("the demo's sluice.yaml", () => {
  it('is valid, and keeps customers in step with the crm', async () => {
    const configuration = await loadConfiguration(file, { WAREHOUSE_URL: 'postgres://warehouse/shop', CRM_URL: 'http://receiver:8080/' });
    assert.equal(configuration.workspace.id, 'demo');
    assert.deepEqual(Object.keys(configuration.subscriptions), ['customers_to_crm']);
    const { model, destination, syncMode, schedule } = configuration.subscriptions['customers_to_crm'] ?? assert.fail();
    assert.deepEqual([model.name, destination, syncMode, schedule], ['customers', 'crm', 'mirror', { kind: 'interval', everyMs: 15 * 60_000 }]);
  });

  it('has a plan for many runs with a million customers', async () => {
    const { workspace } = await loadConfiguration(file, { WAREHOUSE_URL: 'postgres://warehouse/shop', CRM_URL: 'http://receiver:8080/' });
    assert.deepEqual(workspace.plan, { kind: 'custom', records: 50_000_000 });
  });
});
