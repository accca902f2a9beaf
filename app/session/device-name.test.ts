import { describe, expect, test } from 'vitest';
import { type Agent, describeAgent } from './device-name.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('describeAgent', () => {
  test.each<[string, Agent, [string, string, string, string]]>([
    [
      'a Pixel',
      {
        userAgent: `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
        maxTouchPoints: 5,
        brands: ['Chromium', 'Google Chrome', 'Not=A?Brand'],
        platform: 'Android',
        mobile: true,
        model: 'Pixel 8',
      },
      ['Pixel 8', 'Chrome', 'Android', 'phone'],
    ],
    [
      'a Samsung with its own browser',
      {
        userAgent: `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
        maxTouchPoints: 5,
        brands: ['Chromium', 'Samsung Internet'],
        platform: 'Android',
        mobile: true,
        model: 'SM-S911B',
      },
      ['Samsung phone', 'Samsung Internet', 'Android', 'phone'],
    ],
    [
      'Firefox on an Android phone',
      {
        userAgent: 'Mozilla/5.0 (Android 14; Mobile; rv:141.0) Gecko/141.0 Firefox/141.0',
        maxTouchPoints: 5,
      },
      ['Android phone', 'Firefox', 'Android', 'phone'],
    ],
    [
      'an Android tablet',
      {
        userAgent: `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`,
        maxTouchPoints: 5,
      },
      ['Android tablet', 'Chrome', 'Android', 'tablet'],
    ],
    [
      'an iPhone',
      {
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
        maxTouchPoints: 5,
      },
      ['iPhone', 'Safari', 'iOS', 'phone'],
    ],
    [
      'an iPad, which says that it is a Mac',
      {
        userAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
        maxTouchPoints: 5,
      },
      ['iPad', 'Safari', 'iPadOS', 'tablet'],
    ],
    [
      'Edge on Windows',
      {
        userAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
        maxTouchPoints: 10,
        brands: ['Chromium', 'Microsoft Edge'],
        platform: 'Windows',
        mobile: false,
        model: '',
      },
      ['Windows laptop', 'Edge', 'Windows', 'computer'],
    ],
    [
      'headless Chromium on Linux',
      {
        userAgent: `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/156.0.0.0 Safari/537.36`,
        maxTouchPoints: 0,
      },
      ['Linux laptop', 'Chrome', 'Linux', 'computer'],
    ],
    [
      'something new',
      { userAgent: 'Toaster/1.0', maxTouchPoints: 0 },
      ['Some computer', 'Browser', 'Unknown system', 'computer'],
    ],
  ])('%s', (_, agent, [name, browser, platform, form]) => {
    expect(describeAgent(agent)).toEqual({ name, browser, platform, form });
  });
});
