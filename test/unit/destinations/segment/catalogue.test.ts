import assert from 'node:assert/strict';
import { segmentSlugs } from '../../../../src/destinations/segment/package.js';
import { ConfigurationError } from '../../../../src/errors/errors.js';
import { listSegmentDestinations, type ListedDestination } from '../../../../src/worker/segment-catalogue.js';

const some = ['webhook', 'slack', 'klaviyo', 'braze', 'hubspot', 'intercom', 'amplitude', 'google-enhanced-conversions'];

describe('the list of Segment\'s destinations', () => {
  let listed: readonly ListedDestination[];
  before(() => {
    listed = some.flatMap((slug) => listSegmentDestinations(slug));
  });

  it('has all that the package has', () => {
    assert.ok(segmentSlugs().length >= 214);
    assert.deepEqual(some.filter((slug) => !segmentSlugs().includes(slug)), []);
  });

  it('says of an action which fields it has, which of them are required, its sync modes and whether it takes batches', () => {
    const slack = listed[1]?.actions.find(({ key }) => key === 'postToChannel');
    assert.deepEqual(slack?.fields.map(({ key, required }) => [key, required]), [['url', 'yes'], ['text', 'yes'], ['channel', 'no'], ['username', 'no'], ['icon_url', 'no']]);
    assert.deepEqual([slack.batches, slack.syncModes], [false, []]);
    const braze = listed[3]?.actions.find(({ key }) => key === 'updateUserProfile2');
    assert.deepEqual([braze?.batches, braze?.syncModes], [true, ['update']]);
  });

  it('has a preset for each action, with its defaults and all that it requires, out of columns', () => {
    for (const { slug, actions, presets } of listed) {
      for (const { key, fields } of actions) {
        const mapping = presets.find(({ name }) => name === key)?.mapping ?? {};
        const known = new Set(fields.map((field) => field.key));
        assert.deepEqual(Object.keys(mapping).filter((field) => !known.has(field)), [], `${slug} ${key}`);
        assert.deepEqual(fields.filter((field) => field.required === 'yes' && !(field.key in mapping)).map((field) => field.key), [], `${slug} ${key}`);
        assert.doesNotMatch(JSON.stringify(mapping), /"\$\.(context\.)?traits/);
      }
    }
    const klaviyo = listed[2]?.presets.find(({ name }) => name === 'upsertProfile');
    assert.deepEqual(klaviyo?.mapping['email'], { '@path': '$.properties.email' });
  });

  it('gives each preset a name of its own', () => {
    for (const { slug, presets } of listed) assert.equal(new Set(presets.map(({ name }) => name)).size, presets.length, slug);
  });

  it('names what is close to a destination that is not there', () => {
    assert.throws(() => listSegmentDestinations('klavio'), (error) => error instanceof ConfigurationError && error.message.includes('did you mean "klaviyo"?'));
  });
});
