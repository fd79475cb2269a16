import type { S3Location } from './location.js';

/** What to do about answers of the store that no retry mends, by their name. */
const refusals: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket; make it, or correct its name, region and endpoint',
  PermanentRedirect: 'the bucket is in another region; set region, or endpoint',
  AuthorizationHeaderMalformed: 'the bucket is in another region; set region',
  AccessDenied: 'access is denied; let the credentials list the bucket, and read, write and delete objects under the prefix',
  Forbidden: 'access is denied; let the credentials list the bucket, and read, write and delete objects under the prefix',
  InvalidAccessKeyId: 'the access key is unknown; correct the credentials',
  SignatureDoesNotMatch: 'the signature is refused; correct the secret access key, region and endpoint',
  ExpiredToken: 'the credentials have expired; renew them',
  CredentialsProviderError: 'there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role, or the key credentials',
  NotImplemented: 'the store lacks something that is needed; conditional writes (If-None-Match) are',
};

/** A request to the store failed. The message names bucket and key, which hold no record's values. */
export class S3Error extends Error {
  constructor(
    message: string,
    /** Whether only someone who changes credentials, permissions or the configuration can mend it. */
    readonly refused: boolean,
    /** Whether the request may have taken effect. */
    readonly sent: boolean,
    options: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'S3Error';
  }
}

export function translate(error: unknown, { bucket, prefix }: S3Location, key: string): S3Error {
  const name = nameOf(error);
  const help = refusals[name] ?? (isWithoutRegion(error) ? 'the region is unknown; set region' : undefined);
  const status = statusOf(error);
  const words = help ?? (status === null ? 'the store does not answer' : `the store answered ${status}`);
  // Unless it answered, nobody knows how far the request came, but for one that found nobody there.
  const sent = status === null && help === undefined && !['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(codeOf(error));
  return new S3Error(`bucket ${bucket}: ${words} (${name}, at ${prefix}${key})`, help !== undefined, sent, { cause: error });
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (statusOf(error) === 403 && !Object.hasOwn(refusals, error.name)) return 'Forbidden'; // an answer without a body has no name
  if (statusOf(error) === 301) return 'PermanentRedirect';
  return error.name === 'Error' ? codeOf(error) || 'Error' : error.name;
}

/** The SDK has no name for it. */
function isWithoutRegion(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Region is missing');
}

/** Null when there was no answer. */
function statusOf(error: unknown): number | null {
  const { $metadata: metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return metadata?.httpStatusCode ?? null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
