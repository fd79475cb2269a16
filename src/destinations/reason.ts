const reasonCharacters = 200;
/** Half of a character that cutting went through; PostgreSQL would refuse it. */
const loneHalf = /[\uD800-\uDBFF]$/;

/** Makes a destination's own words fit to be shown and kept: one line, at most 200 characters, with everything in `secrets` hidden. */
export function createReasonWriter(secrets: readonly string[]): (words: string) => string {
  return (words) => {
    // Secrets go first: cutting before could leave half of one standing at the end.
    const hidden = secrets.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), words);
    const line = hidden.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
    return line.length <= reasonCharacters ? line : `${line.slice(0, reasonCharacters).replace(loneHalf, '')}…`;
  };
}
