import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Balancer, startBalancer } from '../balancer.ts';
import { type Device, launchDevice } from '../browser.ts';
import { countAnswers } from '../lab/faults/answer-count.ts';
import { answersOf, askStream } from '../lab/faults/ask-in-page.ts';
import { readRoomQr } from '../qr.ts';
import { NO_REDIS, REDIS, type RedisProcess, startRedis } from '../redis.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, until } from '../session-page.ts';

const ITEMS = 300;

describe.skipIf(REDIS === null)('two signaling servers behind one address, with one Redis', () => {
  let redis: RedisProcess;
  let servers: ProductServer[];
  let balancer: Balancer;
  const devices: Device[] = [];
  let link: string;

  /** A browser of its own, whose connections go to this server. */
  const launch = async (server: number, address: string): Promise<Device> => {
    balancer.prefer(server);
    const device = await launchDevice();
    devices.push(device);
    await device.page.goto(address);
    return device;
  };

  beforeAll(async () => {
    redis = await startRedis();
    const options = ['--redis', redis.url, '--drain', '1'];
    servers = await Promise.all([startProduct(options), startProduct(options)]);
    balancer = await startBalancer(servers.map(({ origin }) => Number(new URL(origin).port)));
  });
  afterAll(async () => {
    await Promise.all(devices.map((device) => device.close()));
    await balancer?.close();
    await Promise.all((servers ?? []).map((server) => server.stop()));
    await redis?.remove();
  });

  it('two tabs at different servers meet, and one model runs on both', async () => {
    const leader = await launch(0, balancer.origin);
    link = await readRoomQr(leader.page);
    await until(leader.page, 'the leader is in its room', readyDevices(1));
    await launch(1, link);
    for (const { page } of devices) await until(page, 'two in the room', readyDevices(2));
    expect(Math.min(...balancer.open())).toBeGreaterThan(0);
    await leader.page.getByTestId('mode-everyone').click();
    await until(leader.page, 'the model runs on both', runsOn(2));
  });

  it("the leader's server is killed in the middle of a stream: no item is lost, and its page is in again by the other", async () => {
    const page = devices[1]?.page ?? expect.unreachable('there are two devices');
    const count = await countAnswers(page);
    const asking = askStream(page, { requests: ITEMS, inFlight: 2, variants: [{}] });
    await count.reached(20);
    process.kill(servers[0]?.pid() ?? 0, 'SIGKILL');
    await asking;
    const answers = await answersOf(page);
    expect(answers.filter(({ failure }) => failure !== null)).toEqual([]);
    expect(answers.map(({ item }) => item).sort((a, b) => a - b)).toEqual([...Array(ITEMS).keys()]);
    for (const device of devices)
      await until(device.page, 'connected to a server', (now) => now.server === 'open');
    expect(balancer.open()[0]).toBe(0);
  });

  it('a new browser joins through the server that is left', async () => {
    await launch(1, link);
    for (const { page } of devices) await until(page, 'three in the room', readyDevices(3));
  });

  it('Redis restarts empty: nobody is lost, and who reloads is in again', async () => {
    await redis.stop();
    await redis.start();
    const newcomer = devices[2] ?? expect.unreachable('there are three devices');
    await newcomer.page.reload();
    for (const { page } of devices) {
      await until(page, 'three in the room', readyDevices(3));
      await until(page, 'connected to a server', (now) => now.server === 'open');
    }
  });
});

it.runIf(REDIS === null)(NO_REDIS, ({ skip }) => skip());
