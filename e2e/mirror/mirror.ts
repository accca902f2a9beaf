import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve } from '../file-server.ts';
import { Counts } from './counts.ts';
import { type Fault, FaultPlan, type Met } from './fault.ts';
import { type Published, publishedBytes, publishedFile } from './published.ts';
import { sendBody } from './send-body.ts';

/** A hub of models on loopback, for tests: ranges, ETags, CORS, and whatever faults a test plans. */
export interface Mirror {
  /** `http://127.0.0.1:PORT`: pages served over HTTPS may fetch from it too, since loopback is trustworthy. */
  readonly origin: string;
  readonly counts: Counts;
  /** The absolute address of a path. */
  at(path: string): string;
  /** Replaces the faults of a path. */
  fault(path: string, ...faults: readonly Fault[]): void;
  /** Closes the connections of all answers that are being sent. */
  cut(): void;
  /** Forgets all faults and counts. */
  reset(): void;
  close(): Promise<void>;
}

export interface MirrorOptions {
  readonly folder?: string;
  /** By path; these go before the folder's. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** Starts a mirror on a free port. The caller closes it. */
export async function startMirror({ folder, files = {} }: MirrorOptions): Promise<Mirror> {
  const counts = new Counts();
  const plan = new FaultPlan();
  const sending = new Set<ServerResponse>();
  const find = async (path: string): Promise<Published | null> => {
    const held = files[path];
    if (held) return publishedBytes(held);
    return folder === undefined ? null : publishedFile(folder, path);
  };
  const server = await serve((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname);
    sending.add(response);
    response.once('close', () => sending.delete(response));
    // The client is gone, or the test is over.
    answer(request, response, path, { counts, plan, find }).catch(() => response.destroy());
  });
  return {
    origin: server.origin,
    counts,
    at: (path) => `${server.origin}${path}`,
    fault: (path, ...faults) => plan.set(path, faults),
    cut: () => {
      for (const response of sending) response.destroy();
    },
    reset: () => {
      plan.clear();
      counts.clear();
    },
    close: () => server.close(),
  };
}

interface Desk {
  readonly counts: Counts;
  readonly plan: FaultPlan;
  readonly find: (path: string) => Promise<Published | null>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  desk: Desk,
): Promise<void> {
  const { counts, plan, find } = desk;
  const { method = 'GET' } = request;
  if (method === 'OPTIONS') {
    // As on many hubs, a request that needs a preflight fails.
    counts.preflight(path);
    response.writeHead(405).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  counts.request(path, range ? `${method} ${range[1]}-${range[2]}` : method);
  const met = plan.take(path);
  const headers = headersFor(met);
  const end = (status: number, more: Record<string, string> = {}): void => {
    response.writeHead(status, { ...headers, ...more }).end();
  };
  if ((met.find('close')?.afterBytes ?? 0) < 0) return void response.destroy();
  const status = met.find('status');
  if (status) {
    const { retryAfterSeconds } = status;
    return end(
      status.status,
      retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
    );
  }
  const redirect = met.find('redirect');
  if (redirect) return end(302, { Location: redirect.to });
  if (method === 'HEAD' && met.find('no-head')) return end(405);
  const file = await find(path);
  if (!file) return end(404);
  headers.ETag = met.find('etag')?.value ?? file.etag;
  headers['Last-Modified'] = file.modified.toUTCString();
  const ranged = range !== null && method === 'GET' && !met.find('ignore-range');
  let [start, stop] = [0, file.bytes];
  if (ranged) {
    start = Number(range[1]) + (met.find('shifted')?.by ?? 0);
    stop = Math.min(range[2] ? Number(range[2]) + 1 : file.bytes, file.bytes);
    if (start >= stop) return end(416, { 'Content-Range': `bytes */${file.bytes}` });
    stop = Math.min(file.bytes, stop + (met.find('wrong-length')?.by ?? 0));
    headers['Content-Range'] = `bytes ${start}-${stop - 1}/${file.bytes}`;
  }
  headers['Content-Length'] = String(stop - start);
  response.once('close', () => {
    if (!response.writableFinished) counts.cutOff(path);
  });
  response.writeHead(ranged ? 206 : 200, headers);
  if (method === 'HEAD') return void response.end();
  await sendBody(response, file, start, stop, met, (bytes) => counts.body(path, bytes, ranged));
}

/** What the Hugging Face hub lets pages of other origins read. */
function headersFor(met: Met): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
  };
  if (!met.find('no-cors')) headers['Access-Control-Allow-Origin'] = '*';
  if (!met.find('expose-nothing'))
    headers['Access-Control-Expose-Headers'] = 'ETag, Content-Range, Retry-After';
  return headers;
}
