import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import * as ort from 'onnxruntime-web/wasm';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { until } from '../../worker/room-under-test.ts';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const BARD = new URL('../../public/models/bard/model.onnx', import.meta.url).pathname;
const MEGABYTE = 1024 * 1024;

interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with headers that `fetch` does not let anybody set. */
function ask(url: string, options: RequestOptions, body: string | Buffer | null = null): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    call.on('error', reject).end(body);
  });
}
const authorization = `Bearer ${KEY}`;
const json = { authorization, 'content-type': 'application/json' };
const codeOf = ({ body }: Heard): string => JSON.parse(body).error.code;

describe('a door without a model', () => {
  let door: DoorUnderTest;
  beforeAll(async () => {
    door = await doorUnderTest(ort, { model: null, hosts: ['edge.local'], origins: ['https://a.example'] });
  });
  afterAll(() => door.close());

  test('says so with a 503 that tells when to come again, and lists nothing', async () => {
    const response = await door.call('/v1/completions', { model: 'bard', prompt: 'a' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_ready', type: 'server_error' } });
    expect(await (await door.call('/v1/models')).json()).toEqual({ object: 'list', data: [] });
    expect((await door.call('/v1/run', { inputs: {} })).status).toBe(503);
  });

  test('health needs no key and tells nothing of the room; all else needs it', async () => {
    const health = await ask(`${door.url}/healthz`, {});
    expect(health.status).toBe(200);
    expect(JSON.parse(health.body)).toEqual({ status: 'ok', in_room: true, model_running: false });
    for (const path of [
      '/metrics',
      '/v1/models',
      '/v1/models/a',
      '/v1/run',
      '/v1/completions',
      '/nowhere',
      '/',
    ]) {
      const heard = await ask(`${door.url}${path}`, {});
      expect([heard.status, codeOf(heard)], path).toEqual([401, 'invalid_api_key']);
      expect(heard.headers['www-authenticate']).toBe('Bearer');
      expect(heard.body).not.toContain(KEY);
    }
    expect((await ask(`${door.url}/nowhere`, { headers: { authorization } })).status).toBe(404);
    expect((await ask(`${door.url}/v1/models/%`, { headers: { authorization } })).status).toBe(404);
  });

  test('metrics are in the form of Prometheus, with routes and statuses', async () => {
    await ask(`${door.url}/v1/models`, {});
    const { headers, body } = await ask(`${door.url}/metrics`, { headers: { authorization } });
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^potluck_http_requests_total\{route="\/v1\/models",status="401"\} \d+$/m);
    expect(body).toMatch(/^potluck_devices 1$/m);
    expect(body).toMatch(/^potluck_model_running 0$/m);
    expect(body).toMatch(/^potluck_http_request_seconds_bucket\{le="1",route="\/healthz"\} \d+$/m);
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test('a name that was pointed at this computer does not get in, nor does a page', async () => {
    const as = (headers: Record<string, string>) => ask(`${door.url}/healthz`, { headers });
    expect(codeOf(await as({ host: 'evil.example' }))).toBe('host_not_allowed');
    expect((await as({ host: 'evil.example' })).status).toBe(403);
    expect((await as({ host: 'edge.local:8484' })).status).toBe(200);
    expect((await as({ origin: 'https://evil.example' })).status).toBe(403);
    const page = await as({ origin: 'https://a.example' });
    expect(page.headers['access-control-allow-origin']).toBe('https://a.example');
    const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } };
    const asked = (origin: string) =>
      ask(`${door.url}/v1/run`, { ...preflight, headers: { ...preflight.headers, origin } });
    expect((await asked('https://a.example')).status).toBe(200);
    expect((await asked('https://evil.example')).status).toBe(403);
  });

  test('the wrong method is told which is right', async () => {
    const heard = await ask(`${door.url}/v1/completions`, { method: 'DELETE', headers: json });
    expect([heard.status, heard.headers.allow]).toEqual([405, 'POST']);
  });

  test.each(['chunked', 'announced', 'asked before'])(
    'a body that is too large is refused: %s',
    async (how) => {
      const body = Buffer.alloc(5 * MEGABYTE, 0x20);
      const more = {
        chunked: { 'transfer-encoding': 'chunked' },
        announced: { 'content-length': body.length },
        'asked before': { 'content-length': body.length, expect: '100-continue' },
      }[how];
      const heard = await ask(
        `${door.url}/v1/completions`,
        { method: 'POST', headers: { ...json, ...more } },
        body,
      );
      expect([heard.status, codeOf(heard)]).toEqual([413, 'body_too_large']);
    },
  );

  test('whoever asks before sending is told to go on, and heard', async () => {
    const body = JSON.stringify({ model: 'bard', prompt: 'a' });
    const headers = { ...json, 'content-length': body.length, expect: '100-continue' };
    expect((await ask(`${door.url}/v1/completions`, { method: 'POST', headers }, body)).status).toBe(503);
  });

  test('a large body with a wrong key is answered before it is read', async () => {
    const headers = { ...json, authorization: 'Bearer wrong', 'content-length': 20 * MEGABYTE };
    const heard = await ask(`${door.url}/v1/run`, { method: 'POST', headers }, Buffer.alloc(20 * MEGABYTE));
    expect(heard.status).toBe(401);
    expect(heard.headers.connection).toBe('close');
  });

  test('a body that breaks off leaves nothing behind', async () => {
    const { hostname, port } = new URL(door.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /v1/run HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`);
    socket.write('Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"inputs"');
    await until('it is being read', async () => (await underWay(door)) === 1);
    socket.destroy();
    await until('it is over', async () => (await underWay(door)) === 0);
    const text = await (await door.call('/metrics')).text();
    expect(text).toContain('potluck_http_requests_total{route="/v1/run",status="499"} 1');
  });

  test('nothing of all this was a fault of the door', () => expect(door.reports).toEqual([]));
});

describe('a door under load', () => {
  let door: DoorUnderTest;
  beforeAll(async () => {
    // Two, as their links let this one process read its sockets: alone, the runtime here never does.
    door = await doorUnderTest(ort, { model: BARD, devices: 2 });
  }, 60_000);
  afterAll(() => door.close());

  test('takes 64 requests, and tells others when to come again', async () => {
    const control = new AbortController();
    const wish = { model: 'bard', prompt: 'a', max_tokens: 240, temperature: 0 };
    const { signal } = control;
    const asked = Array.from({ length: 64 }, () =>
      door.call('/v1/completions', wish, { signal, method: 'POST' }),
    );
    const refused = await until('one too many', async () => {
      const response = await door.call('/v1/completions', { ...wish, max_tokens: 1 });
      return response.status === 429 && response;
    });
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({
      error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' },
    });
    // Who only looks is still heard.
    expect((await door.call('/v1/models')).status).toBe(200);
    control.abort();
    await Promise.allSettled(asked);
    await until('it is over', async () => (await underWay(door)) === 0);
    await until('nothing is kept', () =>
      door.pages.every(({ member }) => member.host.sequences === 0 && member.asker.open === 0),
    );
    expect((await door.call('/v1/completions', { ...wish, max_tokens: 1 })).status).toBe(200);
  });

  test('a room that is lost while a text is written says so in the stream, and gives all back', async () => {
    const wish = { model: 'bard', prompt: 'a', max_tokens: 250, temperature: 0, stream: true };
    const response = await door.call('/v1/completions', wish);
    const page = door.pages.at(-1);
    if (!page) throw new Error('no device');
    const { asker } = page.member;
    let heard = '';
    const reading = response.text().then((text) => {
      heard = text;
    });
    await until('the end of the text', () => {
      // The leader may tell the plan again.
      asker.setPlan(null);
      asker.failAll('run', 'the room is gone');
      return heard !== '';
    });
    await reading;
    asker.setPlan(page.state().plan);
    expect(heard).toMatch(/data: \{"error":\{"message":"the room is gone".*"code":"request_failed"\}\}\n\n$/);
    await until('it is over', async () => (await underWay(door)) === 0);
    expect(door.reports).toHaveLength(1);
  });

  test('while a plan is being made there is no answer, and when to come again is said', async () => {
    const page = door.pages.at(-1);
    if (!page) throw new Error('no device');
    const plan = vi.spyOn(page.member.asker, 'plan', 'get').mockReturnValue(null);
    const wish = { model: 'bard', prompt: 'a', max_tokens: 1 };
    const response = await door.call('/v1/completions', wish);
    plan.mockRestore();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await door.call('/v1/completions', wish)).status).toBe(200);
  });
});

describe('a door without a key', () => {
  let door: DoorUnderTest | undefined;
  afterEach(() => door?.close());

  test('asks nobody for one, and still refuses pages', async () => {
    door = await doorUnderTest(ort, { model: null, key: null });
    expect((await ask(`${door.url}/v1/models`, {})).status).toBe(200);
    expect(
      (await ask(`${door.url}/v1/models`, { headers: { origin: 'http://localhost:3000' } })).status,
    ).toBe(403);
  });
});

async function underWay(door: DoorUnderTest): Promise<number> {
  const text = await (await door.call('/metrics')).text();
  return Number(/^potluck_requests_under_way (\d+)$/m.exec(text)?.[1]);
}
