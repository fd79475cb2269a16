/** A webhook destination, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export interface WebhookConfig {
  readonly type: 'webhook';
  /** Credentials in it are sent as basic authentication; a fragment is ignored. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Records per request. */
  readonly batchSize: number;
  /** Bytes of all bodies of a request, before compression. */
  readonly batchBytes: number;
  readonly concurrency: number;
  readonly rateLimit: { readonly records: number; readonly perMs: number } | null;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly gzip: boolean;
  /** Signs each request; see signature.ts for how a receiver checks it. */
  readonly signing: { readonly secret: string } | null;
  /** Whom to trust instead of the well-known authorities, and what to show to a server that asks for a client certificate. */
  readonly tls: { readonly caFile: string | null; readonly client: { readonly certFile: string; readonly keyFile: string } | null } | null;
}
