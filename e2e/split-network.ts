import { spawnSync } from 'node:child_process';

/**
 * A network in which two places reach the machine between them, and not each other: three network namespaces of Linux.
 * No packet leaves this computer.
 */
export interface SplitNetwork {
  /** The machine in the middle, where servers run: both sides reach it under the address that the left side has of it. */
  readonly middle: Place;
  readonly left: Place;
  readonly right: Place;
  close(): void;
}

export interface Place {
  /** For `ip netns exec`. */
  readonly namespace: string;
  readonly address: string;
}

/** Of documentation (RFC 5737), so of nobody; TURN servers refuse to send to private ones. */
const LEFT = { middle: '198.51.100.1', address: '198.51.100.2' } as const;
const RIGHT = { middle: '203.0.113.1', address: '203.0.113.2' } as const;

let made = 0;

/** Why there can be no such network here, in words; null where there can. */
export function whyNoSplitNetwork(): string | null {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  const name = `potluck-${process.pid}-trial`;
  const failed = attempt('netns', 'add', name);
  if (failed === null) ip('netns', 'delete', name);
  return failed;
}

/** @throws Error with what the system said. The caller closes it. */
export function openSplitNetwork(): SplitNetwork {
  const prefix = `potluck-${process.pid}-${made++}`;
  const [middle, left, right] = ['middle', 'left', 'right'].map((name) => `${prefix}-${name}`) as [
    string,
    string,
    string,
  ];
  const close = (): void => {
    process.off('exit', close);
    // With a namespace go its devices, and their other ends.
    for (const name of [middle, left, right]) attempt('netns', 'delete', name);
  };
  process.once('exit', close);
  try {
    for (const name of [middle, left, right]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    // Packets from one side to the other end here.
    ip('netns', 'exec', middle, 'sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
    join(middle, 'eth-left', left, LEFT);
    join(middle, 'eth-right', right, RIGHT);
    return {
      middle: { namespace: middle, address: LEFT.middle },
      left: { namespace: left, address: LEFT.address },
      right: { namespace: right, address: RIGHT.address },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function join(middle: string, port: string, side: string, addresses: typeof LEFT | typeof RIGHT): void {
  ip('-n', middle, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', side);
  ip('-n', middle, 'address', 'add', `${addresses.middle}/24`, 'dev', port);
  ip('-n', side, 'address', 'add', `${addresses.address}/24`, 'dev', 'eth0');
  ip('-n', middle, 'link', 'set', port, 'up');
  ip('-n', side, 'link', 'set', 'eth0', 'up');
  // Without a way out of its own network a browser has no candidates.
  ip('-n', side, 'route', 'add', 'default', 'via', addresses.middle);
}

function ip(...parameters: string[]): void {
  const failed = attempt(...parameters);
  if (failed !== null) throw new Error(`ip ${parameters.join(' ')}: ${failed}`);
}

function attempt(...parameters: string[]): string | null {
  const { status, stderr, error } = spawnSync('ip', parameters, { encoding: 'utf8' });
  if (error) return error.message;
  return status === 0 ? null : stderr.trim() || `ip ended with ${status}`;
}
