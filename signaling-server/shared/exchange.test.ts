import { createClient } from '@redis/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NO_REDIS, REDIS, type RedisProcess, startRedis } from '../../e2e/redis.ts';
import { DEAD_MS } from './exchange.ts';
import { type ExchangeSetting, exchangeContract } from './exchange-contract.ts';
import { MemoryExchanges } from './memory-exchange.ts';
import { redisExchanges } from './redis-exchange.ts';

describe('the exchange in memory', () => {
  let all: MemoryExchanges;
  beforeEach(() => {
    all = new MemoryExchanges();
  });
  exchangeContract(() => ({
    open: all.open,
    restart: async () => {
      all.down();
      all.rooms.clear();
      all.up();
    },
  }));
});

describe.skipIf(REDIS === null)('the exchange over Redis', () => {
  let redis: RedisProcess;
  let setting: ExchangeSetting;
  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    // A new one each time: nothing is left of the last test.
    await redis.stop();
    await redis.start();
    setting = {
      open: await redisExchanges(redis.url, () => undefined),
      restart: async () => {
        await redis.stop();
        await redis.start();
      },
    };
  });
  afterAll(() => redis.remove());
  exchangeContract(() => setting);

  test('a process without signs of life is missing after its time, and learns of that when it comes to itself', async () => {
    const ignore = { posted: () => undefined, lost: () => undefined };
    const watching = await setting.open('watching', ignore);
    let lost = 0;
    const frozen = await setting.open('frozen', { ...ignore, lost: () => lost++ });
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, DEAD_MS / 3));
      await watching.beat();
      expect(lost).toBe(0);
    }
    await expect.poll(() => watching.missing(['watching', 'frozen'])).toEqual(['frozen']);
    await frozen.beat().catch(() => undefined);
    expect(lost).toBe(1);
    await watching.close();
  });

  test('who beats when Redis was emptied begins anew', async () => {
    let lost = 0;
    const exchange = await setting.open('emptied', { posted: () => undefined, lost: () => lost++ });
    await exchange.beat();
    expect(lost).toBe(0);
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.flushAll();
    client.destroy();
    await exchange.beat().catch(() => undefined);
    expect(lost).toBe(1);
  });
});

test.runIf(REDIS === null)(NO_REDIS, ({ skip }) => skip());
