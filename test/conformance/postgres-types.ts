export function postgresTypeLaws(_open: unknown): void {}
