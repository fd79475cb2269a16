// The demo's receiver as a service of its own. Its state is in /data, its counts are at GET /.
import { startReceiver } from '../examples/demo/receiver.ts';

// Every interface of the container; docker-compose.yml publishes the port on the host's loopback only.
const receiver = await startReceiver({ host: '0.0.0.0', port: 8080, file: '/data/records.jsonl' });
console.log(`the receiver listens on ${receiver.url}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void receiver.close());
