/** What a workspace has bought: decides how many records it may process in a billing cycle (source document, "Usage limits"). */
export type WorkspacePlan =
  | { readonly kind: 'free' }
  | { readonly kind: 'teams' }
  /** The limit follows from monthly tracked users or from monthly API calls, whichever was agreed. */
  | { readonly kind: 'business'; readonly per: 'mtus' | 'apiCalls'; readonly count: number }
  /** An agreed limit, in records. */
  | { readonly kind: 'custom'; readonly records: number };
