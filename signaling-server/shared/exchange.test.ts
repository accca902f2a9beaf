import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { NO_REDIS, REDIS, type RedisProcess, startRedis } from '../../e2e/redis.ts';
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
});

test.runIf(REDIS === null)(NO_REDIS, ({ skip }) => skip());
