import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { sluiceProgram } from '../support/program.js';

const root = new URL('../..', import.meta.url);

/** What of the compose file these laws are about; strict where a forgotten key would matter. */
const composeSchema = z.object({
  name: z.string(),
  volumes: z.record(z.string(), z.null()),
  services: z.record(
    z.string(),
    z.strictObject({
      image: z.string().optional(),
      build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).default({}),
      depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).default({}),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      healthcheck: z.looseObject({ test: z.array(z.string()).optional() }).optional(),
      init: z.literal(true).optional(),
      restart: z.enum(['unless-stopped', 'on-failure']),
      stop_grace_period: z.string().optional(),
    }),
  ),
});

const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const compose = composeSchema.parse(parse(read('docker-compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
const stages = [...read('Dockerfile').matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, base = '', stage = '']) => ({ base, stage }));

describe('docker-compose.yml', () => {
  it('starts Temporal with its Web UI on PostgreSQL, a warehouse, a receiver and a worker', () => {
    const names = services.map(([name]) => name);
    assert.deepEqual(names, ['temporal-db', 'temporal', 'temporal-ui', 'warehouse', 'receiver', 'worker', 'apply']);
  });

  it('waits only for services that are there and have a health check, in their image or in the file', () => {
    for (const [name, service] of services) {
      for (const other of Object.keys(service.depends_on)) {
        assert.ok(compose.services[other]?.healthcheck?.test, `${name} waits for ${other}`);
      }
    }
  });

  it('pins every image to a version, here and in the Dockerfile', () => {
    const images = services.map(([, service]) => service.image).filter((image) => image !== undefined);
    const bases = stages.map(({ base }) => base).filter((base) => !stages.some(({ stage }) => stage === base));
    assert.ok(images.length > 0 && bases.length > 0);
    for (const image of [...images, ...bases]) assert.match(image, /^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?$/);
    for (const [name, service] of services) assert.ok(service.image ?? service.build, `${name} has an image or is built`);
  });

  it('publishes ports on loopback only, and none twice', () => {
    const published = services.flatMap(([, service]) => service.ports);
    for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    assert.equal(new Set(published.map((port) => port.split(':')[1])).size, published.length);
  });

  it('mounts only files that are there and volumes that it declares', () => {
    for (const volume of services.flatMap(([, service]) => service.volumes)) {
      const [source = ''] = volume.split(':');
      assert.ok(source.startsWith('./') ? existsSync(new URL(source, root)) : source in compose.volumes, volume);
    }
  });

  it('builds stages that the Dockerfile has, from files that are not ignored', () => {
    const ignored = read('.dockerignore').split('\n');
    for (const [name, service] of services) assert.ok(!service.build || stages.some(({ stage }) => stage === service.build?.target), name);
    for (const needed of ['package.json', 'package-lock.json', 'tsconfig.build.json', 'src', 'workflows', 'activities', 'docker']) {
      assert.ok(ignored.includes(`!${needed}`), needed);
    }
  });

  it('gives the worker every variable that its configuration refers to, with hosts that are services', () => {
    const { worker } = compose.services;
    assert.ok(worker);
    assert.ok(worker.volumes.includes('./examples/demo/sluice.yaml:/config/sluice.yaml:ro'));
    const references = [...read('examples/demo/sluice.yaml').matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    assert.ok(references.length > 0);
    for (const name of references) assert.ok(new URL(worker.environment[name] ?? '').hostname in compose.services, name);
    assert.ok((worker.environment['TEMPORAL_ADDRESS']?.split(':')[0] ?? '') in compose.services);
  });

  it('runs commands that sluice has', async () => {
    const commands = services.filter(([, service]) => service.build?.target === 'worker').map(([, service]) => service.command?.[0] ?? '');
    assert.deepEqual(commands, ['worker', 'apply']);
    for (const command of commands) {
      const { stdout } = await promisify(execFile)(process.execPath, [await sluiceProgram(), 'help', command]);
      assert.match(stdout, new RegExp(`^Usage: sluice ${command}`), command);
    }
  });
});
