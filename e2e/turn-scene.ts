import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../signaling-server/certificate.ts';
import { TurnAccess } from '../signaling-server/turn-access.ts';
import { isExecutable, onPath } from './browser.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { ROOT } from './repository.ts';
import { openSplitNetwork, type Place, type SplitNetwork, whyNoSplitNetwork } from './split-network.ts';

/** Both of a network in which no direct way leads from the left to the right, and the servers between them. */
export interface TurnScene {
  readonly network: SplitNetwork;
  /** What both servers know. */
  readonly secret: string;
  /** Of the server's certificate, PEM. */
  readonly certificate: string;
  /** Starts the product's server in the middle, with these options more. */
  startServer(port: number, options?: readonly string[]): Promise<RunningProgram>;
  /** Starts coturn in the middle, with Potluck's example of its configuration. */
  startCoturn(): Promise<RunningProgram>;
  /** What makes the product's server use it. */
  readonly turnOptions: readonly string[];
  /** What coturn answers to a member on the left that wants to send to this address. */
  answerFor(peer: string): Promise<'sends' | 'forbidden' | 'nothing'>;
  close(): Promise<void>;
}

const EXAMPLE = join(ROOT, 'deploy/coturn/turnserver.conf');

/** Why there can be no such scene here, in words; null where there can. */
export function whyNoTurnScene(): string | null {
  if (!onPath(['turnserver'], process.env).some(isExecutable)) return 'coturn is not installed';
  return whyNoSplitNetwork();
}

/** The caller closes it. */
export async function openTurnScene(): Promise<TurnScene> {
  const network = openSplitNetwork();
  const { middle } = network;
  const { address } = middle;
  const folder = mkdtempSync(join(tmpdir(), 'potluck-turn-'));
  const programs: RunningProgram[] = [];
  const secret = randomBytes(16).toString('hex');
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, `${secret}\n`);
  const { key, cert } = await makeCertificate([address]);
  writeFileSync(join(folder, 'key.pem'), key);
  writeFileSync(join(folder, 'cert.pem'), cert);
  const start = async (name: string, ready: RegExp, command: readonly string[]): Promise<RunningProgram> => {
    const program = startProgram(name, 'ip', ['netns', 'exec', middle.namespace, ...command]);
    programs.push(program);
    await program.says(ready, 20_000);
    return program;
  };
  return {
    network,
    secret,
    certificate: join(folder, 'cert.pem'),
    startServer: (port, options = []) =>
      start('The server', /Potluck is ready/, [
        ...[process.execPath, '--import', 'tsx', 'signaling-server/main.ts', '--port', String(port)],
        ...['--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem'), '--verbose', ...options],
      ]),
    startCoturn: () => {
      const conf = join(folder, 'turnserver.conf');
      writeFileSync(conf, exampleWith(secret, join(folder, 'cert.pem'), join(folder, 'key.pem')));
      const files = [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'users')}`];
      return start('coturn', /Relay ports initialization done/, [
        'turnserver',
        '--verbose',
        ...['-c', conf, ...files],
      ]);
    },
    turnOptions: ['--turn', `turn:${address}:3478?transport=udp`, '--turn-secret-file', secretFile],
    answerFor: (peer) => askCoturn(network, secret, peer),
    close: async () => {
      for (const program of programs) await program.end('SIGTERM');
      network.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** With coturn's own test client, which waits for an echo that never comes. */
async function askCoturn(
  { left, middle }: SplitNetwork,
  secret: string,
  peer: string,
): Promise<'sends' | 'forbidden' | 'nothing'> {
  const { username = '', credential = '' } = new TurnAccess({ urls: [], secret, ttlS: 600 }).issue('trial');
  const client = startProgram('turnutils_uclient', 'ip', [
    ...['netns', 'exec', left.namespace, 'turnutils_uclient', '-v', '-n', '1', '-m', '1'],
    ...['-u', username, '-w', credential, '-e', peer, middle.address],
  ]);
  await client.says(/error 403|channel bind: response received|success/, 5000).catch(() => undefined);
  await Promise.race([client.ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  await client.end('SIGKILL');
  const said = client.printed();
  return /error 403/.test(said)
    ? 'forbidden'
    : /channel bind sent[\s\S]*success/.test(said)
      ? 'sends'
      : 'nothing';
}

/** A program that runs at that place and then becomes `program`; it lies in `folder`. */
export function programAt({ namespace }: Place, program: string, folder: string): string {
  const path = join(folder, `at-${namespace}`);
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} "${program}" "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

/** The example of the configuration with what everybody must fill in, and nothing else. @throws Error where it has changed. */
function exampleWith(secret: string, cert: string, key: string): string {
  let text = readFileSync(EXAMPLE, 'utf8');
  for (const [name, value] of Object.entries({ 'static-auth-secret': secret, cert, pkey: key })) {
    const line = new RegExp(`^${name}=.*$`, 'm');
    if (!line.test(text)) throw new Error(`${EXAMPLE} has no line ${name}=`);
    text = text.replace(line, `${name}=${value}`);
  }
  return text;
}
