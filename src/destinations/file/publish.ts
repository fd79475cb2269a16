import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FileDestinationConfig } from './config.js';
import { headerOf } from './format.js';
import { manifestOf, type PublishedFile } from './manifest.js';
import { digits, headBytes, piecesIn, syncFolder, type Piece } from './pieces.js';
import type { FileSet } from './target.js';

const compress = promisify(gzip);

export interface SyncFolders {
  /** Holds the pieces while a sync runs. */
  readonly work: string;
  /** The file set is put together here. */
  readonly draft: string;
  /** Appears whole, when the sync is over. */
  readonly published: string;
}

export function foldersOf(root: string, { subscriptionId, syncNumber }: FileSet): SyncFolders {
  const folder = join(root, subscriptionId);
  const name = `sync-${digits(syncNumber, 6)}`;
  return { work: join(folder, `.${name}.pieces`), draft: join(folder, `.${name}.draft`), published: join(folder, name) };
}

export async function isPublished({ published }: SyncFolders): Promise<boolean> {
  return access(published).then(
    () => true,
    () => false,
  );
}

/** Joins a sync's pieces into one file for each chunk, writes the manifest beside them, and shows all at once by one rename. Safe to repeat at any point. */
export async function publishSync(folders: SyncFolders, config: FileDestinationConfig, set: FileSet): Promise<void> {
  const pieces = await piecesIn(folders.work);
  if (pieces.length > 0 && !(await isPublished(folders))) {
    await rm(folders.draft, { recursive: true, force: true });
    await mkdir(folders.draft);
    const files: PublishedFile[] = [];
    for (const chunk of new Set(pieces.map((piece) => piece.chunk))) {
      files.push(await joinPieces(folders.draft, chunk, pieces.filter((piece) => piece.chunk === chunk), config));
    }
    await writeFile(join(folders.draft, 'manifest.json'), manifestOf(set, config, files), { flush: true });
    await syncFolder(folders.draft);
    await rename(folders.draft, folders.published);
    await syncFolder(dirname(folders.published));
  }
  await rm(folders.work, { recursive: true, force: true });
}

async function joinPieces(folder: string, chunk: number, pieces: readonly Piece[], config: FileDestinationConfig): Promise<PublishedFile> {
  const name = `part-${digits(chunk, 6)}.${config.format}${config.gzip ? '.gz' : ''}`;
  const handle = await open(join(folder, name), 'wx');
  const file = new HashedFile(handle);
  try {
    const header = headerOf(config);
    // Compressed files can be joined as they are (RFC 1952, section 2.2).
    if (header.length > 0) await file.append(config.gzip ? await compress(header) : header);
    let records = 0;
    for (const piece of pieces) records += await appendPiece(file, piece);
    await handle.sync();
    return { name, records, ...file.summary() };
  } finally {
    await handle.close();
  }
}

/** Returns how many records it holds. */
async function appendPiece(file: HashedFile, piece: Piece): Promise<number> {
  let head = Buffer.alloc(0);
  for await (const block of createReadStream(piece.file) as AsyncIterable<Buffer>) {
    const missing = headBytes - head.length;
    head = Buffer.concat([head, block.subarray(0, missing)]);
    await file.append(block.subarray(missing));
  }
  return Number(head.toString('utf8'));
}

class HashedFile {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(private readonly handle: FileHandle) {}

  async append(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.handle.appendFile(bytes);
  }

  summary(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
