import { answeringDestinationLaws, destinationLaws } from './destination-suite.js';
import { openFiles } from './file-harness.js';
import { openModule } from './module-harness.js';
import { openTable } from './postgres-destination-harness.js';
import { openS3Files } from './s3-file-harness.js';
import { openSegment } from './segment-harness.js';
import { openWebhook } from './webhook-harness.js';

answeringDestinationLaws('webhook, answering by the batch', (timeoutMs) => openWebhook({ timeoutMs }, 'by the batch'));
answeringDestinationLaws('webhook, answering record by record', (timeoutMs) => openWebhook({ timeoutMs }, 'record by record'));
answeringDestinationLaws('webhook, compressed and signed', (timeoutMs) => openWebhook({ timeoutMs, gzip: true, signing: { secret: 'whsec-1' } }, 'by the batch'));
answeringDestinationLaws('postgres', openTable);
answeringDestinationLaws('module, the example', openModule);
answeringDestinationLaws('segment, Iterable’s users', openSegment);
destinationLaws('file, JSON lines', () => openFiles({ format: 'jsonl', columns: null }, false));
destinationLaws('file, JSON lines, compressed', () => openFiles({ format: 'jsonl', columns: null }, true));
destinationLaws('file on S3, JSON lines', () => openS3Files({ format: 'jsonl', columns: null }, false));
destinationLaws('file on S3, JSON lines, compressed', () => openS3Files({ format: 'jsonl', columns: null }, true));
