import { DestinationChangedError, WrongOwnerError } from '../errors/errors.js';
import type { OpenRequest } from './warehouse.js';

/** Whose records a subscription's state tables remember. */
export interface StateOwner {
  readonly owner: string;
  readonly destination_identity: string;
}

/** What the records table holds was acknowledged by one destination, for one workspace; anything else needs a reset first. */
export function checkOwner(state: StateOwner, { subscription, owner, destinationIdentity }: OpenRequest): void {
  if (state.owner !== owner) {
    throw new WrongOwnerError(
      `the state tables of subscription "${subscription.id}" belong to workspace "${state.owner}", not "${owner}": give the subscription another id, or set another stateSchema on source "${subscription.model.source}"`,
    );
  }
  if (state.destination_identity !== destinationIdentity) {
    throw new DestinationChangedError(
      `destination "${subscription.destination}" of subscription "${subscription.id}" is not the one that its records were delivered to: run \`sluice reset ${subscription.id}\` to send everything to the new one`,
    );
  }
}
