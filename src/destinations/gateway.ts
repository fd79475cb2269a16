const gatewayStatuses: ReadonlySet<number> = new Set([502, 504]);

/** Whether a gateway says that it heard nothing, or nonsense, from the destination behind it, which may have taken the batch. Other temporary statuses say that it was not taken. */
export function isGatewayAnswer(status: number): boolean {
  return gatewayStatuses.has(status);
}
