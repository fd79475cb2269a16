/** A value as COPY's text format has it. */
export function copyText(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[character] ?? character).replaceAll('\0', '');
}
