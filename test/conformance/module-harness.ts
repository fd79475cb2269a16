import { join } from 'node:path';
import { loadDefinition } from '../../src/destinations/module/load.js';
import { createModuleDestination } from '../../src/destinations/module/module.js';
import { ContactsServer } from '../support/contacts-server.js';
import { moduleConfig } from '../support/module-destination.js';
import type { AnsweringHarness } from './destination-suite.js';

const example = join(import.meta.dirname, '../../examples/custom-destination/contacts.ts');

export async function openModule(timeoutMs: number): Promise<AnsweringHarness> {
  const server = await ContactsServer.start();
  const config = { ...moduleConfig(example, { url: server.url, token: server.token }), timeoutMs };
  const destination = createModuleDestination('crm', config, await loadDefinition('crm', example));
  return {
    destination,
    state: () => Promise.resolve(server.contacts),
    failNextAttempt: () => server.next('fail'),
    loseNextAnswer: () => server.next('lose_answer'),
    ignoreNextAttempt: () => server.next('silence'),
    refuseCredentials: () => {
      server.token = 'token-2';
    },
    refuseRecords: (ids) => {
      for (const id of ids) server.refused.add(id);
    },
    close: async () => {
      await destination.close();
      await server.close();
    },
  };
}
