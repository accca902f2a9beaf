import { createClient } from '@redis/client';

/** What a Redis has done so far, by its own count. */
export interface RedisUse {
  /** By command: EVALSHA is a change of a room, EVAL a count of a rate limit, GET a look at a room. */
  readonly calls: Readonly<Record<(typeof COMMANDS)[number], number>>;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly usedBytes: number;
  readonly rooms: number;
  /** Bytes of one room's key and value, by `MEMORY USAGE`; the median of all. */
  readonly bytesPerRoom: number;
}

/** Those of rooms and limits; a PUBLISH may be part of a change. */
const COMMANDS = ['evalsha', 'eval', 'get', 'publish'] as const;

export async function redisUse(url: string): Promise<RedisUse> {
  const client = createClient({ url });
  await client.connect();
  try {
    const text = String(await client.sendCommand(['INFO', 'everything']));
    const number = (name: string, after = ''): number =>
      Number(new RegExp(`^${name}:${after}(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    const [evalsha = 0, evals = 0, get = 0, publish = 0] = COMMANDS.map((name) =>
      number(`cmdstat_${name}`, 'calls='),
    );
    const keys: string[] = [];
    for await (const page of client.scanIterator({ MATCH: 'potluck:1:room:bench*', COUNT: 1000 }))
      keys.push(...page);
    const asked = keys.map((key) => client.sendCommand(['MEMORY', 'USAGE', key]));
    const sizes = (await Promise.all(asked)).map(Number).sort((one, other) => one - other);
    return {
      calls: { evalsha, eval: evals, get, publish },
      receivedBytes: number('total_net_input_bytes'),
      sentBytes: number('total_net_output_bytes'),
      usedBytes: number('used_memory'),
      rooms: keys.length,
      bytesPerRoom: sizes[Math.floor(sizes.length / 2)] ?? 0,
    };
  } finally {
    client.destroy();
  }
}
