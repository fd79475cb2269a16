import { randomBytes } from 'node:crypto';
import { openLocalStaging } from './local-staging-harness.js';
import { openS3Staging } from './s3-staging-harness.js';
import { encryptionLaws } from './staging-encryption-suite.js';
import { stagingLaws } from './staging-suite.js';

for (const [name, open] of [['local folder', openLocalStaging], ['S3', openS3Staging]] as const) {
  stagingLaws(name, () => open(null));
  stagingLaws(`${name}, encrypted`, () => open(randomBytes(32)));
  encryptionLaws(name, () => open(randomBytes(32)));
}
