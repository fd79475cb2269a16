import { countUsage } from '../../activities/read-usage.js';
import type { UsageView } from '../contract/quota.js';
import { usageView } from '../contract/usage-view.js';
import { QuotaLedger } from '../domain/quota-ledger.js';
import type { QuotaTerms } from '../domain/quota-state.js';
import type { Adapters } from './adapters.js';

/**
 * The usage page that a new ledger would show, counted from the state tables of all sources; changes nothing. As nobody but a ledger knows who is paused,
 * all that were cut off are taken to be, unless there is something left. Throws WarehouseUnavailableError when a source doesn't answer.
 */
export async function usageFromTables(adapters: Adapters, workspace: QuotaTerms & { readonly id: string }): Promise<UsageView> {
  const nowMs = Date.now();
  const warehouses = () => adapters.allWarehouses();
  const { accounts, past } = await countUsage({ workspaceId: workspace.id, warehouses }, { billingCycleDay: workspace.billingCycleDay, atMs: nowMs, ledger: 0 });
  const ledger = QuotaLedger.found(workspace, nowMs, accounts, past);
  ledger.wake(nowMs, true);
  return usageView(workspace.id, ledger.snapshot(), nowMs);
}
