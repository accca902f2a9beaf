import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../core/errors.ts';
import { parseIceServers } from '../core/protocol/parse-signaling.ts';
import type { IceServer } from '../core/protocol/signaling.ts';
import { ownNames } from './addresses.ts';
import { type KeyPair, keptCertificate } from './certificate.ts';
import { readEmbedders } from './embedding.ts';
import { endOnSignals } from './ending.ts';
import { greeting } from './greeting.ts';
import { journal } from './journal.ts';
import { makeMetrics } from './metrics.ts';
import { OPERATION_HELP, type Operation, readOperation } from './operation.ts';
import { type RunningServer, startServer } from './server.ts';
import { isBuilt } from './static-files.ts';
import type { TurnAccess } from './turn-access.ts';
import { readTurnOptions } from './turn-options.ts';
import { UsageError } from './usage-error.ts';

const HELP = `Usage: npm start -- [options]

Serves the page and brings its rooms together.

  --host ADDRESS     listen on this address only (default 0.0.0.0: all)
  --port NUMBER      (default 8443; with --http 8080)
  --cert FILE        own certificate, PEM
  --key FILE         its private key, PEM
  --http             plain HTTP, for use behind a proxy or tunnel
  --behind-proxy     a proxy in front tells who connects, by X-Forwarded-For
  --ice FILE|JSON    list of ICE servers, as RTCPeerConnection takes it
  --turn URL         a TURN server, turn:HOST:PORT[?transport=udp|tcp] or turns:…; may be repeated
  --turn-secret-file FILE
                     what that server has as static-auth-secret (see deploy/coturn)
  --turn-ttl SECONDS how long a device's credentials for it are good (default 43200: 12 hours)
  --embed ORIGIN     a site that may embed rooms, such as https://example.org;
                     may be repeated; "*" for every site (default: none)
${OPERATION_HELP}  --verbose          one line for each event, without names and secrets
  --help             this text
`;

const ROOT = fileURLToPath(new URL('../dist', import.meta.url));

interface Options {
  readonly host: string;
  readonly port: number;
  readonly isPlain: boolean;
  readonly files: { readonly cert: string; readonly key: string } | undefined;
  readonly iceServers: readonly IceServer[];
  readonly turn: TurnAccess | undefined;
  readonly behindProxy: boolean;
  readonly embedders: readonly string[];
  readonly operation: Operation;
}

async function readOptions(argv: string[]): Promise<Options | 'help'> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    host: text,
    port: text,
    cert: text,
    key: text,
    ice: text,
    turn: { type: 'string', multiple: true } as const,
    'turn-secret-file': text,
    'turn-ttl': text,
    http: flag,
    'behind-proxy': flag,
    embed: { type: 'string', multiple: true } as const,
    ...{ redis: text, metrics: text, log: text, drain: text },
    verbose: flag,
    help: flag,
  };
  const { values } = parseArgs({ args: argv, options });
  if (values.help) return 'help';
  const port = Number(values.port ?? (values.http ? 8080 : 8443));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`--port needs a number from 0 to 65535, got "${values.port}".`);
  }
  const { cert, key } = values;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together.');
  if (cert !== undefined && values.http) throw new UsageError('--http needs no --cert.');
  return {
    host: values.host ?? '0.0.0.0',
    port,
    isPlain: values.http,
    files: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    iceServers: values.ice === undefined ? [] : await readIceServers(values.ice),
    turn: await readTurnOptions({
      urls: values.turn,
      secretFile: values['turn-secret-file'],
      ttl: values['turn-ttl'],
    }),
    behindProxy: values['behind-proxy'],
    embedders: readEmbedders(values.embed ?? []),
    operation: readOperation(values, process.env.POTLUCK_REDIS),
  };
}

async function readIceServers(value: string): Promise<readonly IceServer[]> {
  return parseIceServers(value.trimStart().startsWith('[') ? value : await readFile(value, 'utf8'));
}

async function keys({ isPlain, files, host }: Options): Promise<KeyPair | undefined> {
  if (isPlain) return undefined;
  if (!files) return keptCertificate([...new Set([...ownNames(), ...nameOf(host)])]);
  const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
  return { cert, key };
}

/** An address given by hand belongs into the certificate as well; "everywhere" is no address. */
function nameOf(host: string): string[] {
  return host === '0.0.0.0' || host === '::' ? [] : [host];
}

async function start(options: Options): Promise<RunningServer> {
  if (!isBuilt(ROOT))
    throw new UsageError('The page has not been built. Run "npm start" or "npm run build" first.');
  const tls = await keys(options);
  const { host, port, iceServers, turn, behindProxy, embedders, operation } = options;
  const { redis, metrics: at } = operation;
  const metrics = at && (await makeMetrics());
  const server = await startServer({
    ...{ host, port, root: ROOT, iceServers, behindProxy, embedders },
    log: await journal(operation.log),
    ...(tls && { tls }),
    ...(turn && { turn }),
    ...(redis !== undefined && { redis }),
    ...(metrics && { observer: metrics.observer }),
  });
  try {
    if (metrics) await metrics.listen(at.host, at.port, server.load);
  } catch (error) {
    await server.close();
    throw new UsageError(`--metrics: ${messageOf(error)}`);
  }
  return server;
}

/** The sentence for what went wrong, when it is the person's to correct. */
function explain(error: unknown, port: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return `Port ${port} is taken. Choose another: npm start -- --port 9000`;
  if (code === 'EACCES') return `This system does not allow it: ${messageOf(error)}`;
  if (code === 'EADDRNOTAVAIL') return `This machine does not have that address: ${messageOf(error)}`;
  return messageOf(error);
}

async function main(): Promise<void> {
  let port = '';
  try {
    const options = await readOptions(process.argv.slice(2));
    if (options === 'help') {
      console.log(HELP);
      return;
    }
    port = String(options.port);
    const server = await start(options);
    // Programs read JSON: nothing else is between.
    if (options.operation.log !== 'json') {
      console.log(
        greeting(server, options.isPlain ? 'none' : options.files ? 'given' : 'own', process.stdout.isTTY),
      );
    }
    endOnSignals(server, options.operation.drainMs);
  } catch (error) {
    console.error(explain(error, port));
    process.exitCode = 1;
  }
}

await main();
