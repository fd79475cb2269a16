/** What a workspace has bought: decides how many records it may process in a billing cycle (source document, "Usage limits"). */
export type WorkspacePlan =
  | { readonly kind: 'free' }
  | { readonly kind: 'teams' }
  /** The limit follows from monthly tracked users or from monthly API calls, whichever was agreed. */
  | { readonly kind: 'business'; readonly per: 'mtus' | 'apiCalls'; readonly count: number }
  /** An agreed limit, in records. */
  | { readonly kind: 'custom'; readonly records: number };

/** Records that may be processed to destinations in one billing cycle. A part of a record is none. */
export function recordLimitOf(plan: WorkspacePlan): number {
  switch (plan.kind) {
    case 'free':
      return 500_000;
    case 'teams':
      return 1_000_000;
    case 'business':
      return plan.per === 'mtus' ? plan.count * 50 : Math.floor(plan.count / 4);
    case 'custom':
      return plan.records;
  }
}
