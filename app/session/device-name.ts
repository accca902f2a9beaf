import type { DeviceCard } from '../../core/session/state.ts';

export type DeviceDescription = Pick<DeviceCard, 'name' | 'browser' | 'platform' | 'form'>;

/** What a browser says of itself; the last four only in Chromium. */
export interface Agent {
  readonly userAgent: string;
  readonly maxTouchPoints: number;
  readonly brands?: readonly string[];
  readonly platform?: string;
  readonly mobile?: boolean;
  readonly model?: string;
}

const NAME_KEY = 'potluck:name';
const UNKNOWN = 'Unknown system';

/** The first that matches: most browsers name others too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg(e|A|iOS)?\/|Microsoft Edge/, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser|Samsung Internet/, 'Samsung Internet'],
  [/Firefox\/|FxiOS/, 'Firefox'],
  [/Chrome|Chromium|CriOS/, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const PLATFORMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPod|iOS/, 'iOS'],
  [/iPad/, 'iPadOS'],
  [/CrOS|Chrome OS|ChromeOS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Macintosh|macOS|Mac OS X/, 'macOS'],
  [/Linux|X11/, 'Linux'],
];

/** Models that a person would recognise by the name that the browser gives. */
const SPOKEN_MODEL = /^(Pixel|Nexus|Galaxy|OnePlus|Redmi|Xiaomi|Moto|Nokia|Fairphone)\b/i;

/** Reads browser, platform, form and a sensible name out of what the browser says. */
export function describeAgent(agent: Agent): DeviceDescription {
  const named = [...(agent.brands ?? []), agent.userAgent].join(' ');
  const browser = first(BROWSERS, named) ?? 'Browser';
  const platform = platformOf(agent);
  const form = formOf(agent, platform);
  return { browser, platform, form, name: nameOf(agent, platform, form) };
}

/** This device, under the name that its person gave it before, if any. */
export async function describeDevice(): Promise<DeviceDescription> {
  const description = describeAgent(await readAgent());
  const kept = localStorage.getItem(NAME_KEY)?.trim();
  return kept ? { ...description, name: kept } : description;
}

/** Keeps the name that a person gave this device, for later visits. */
export function rememberName(name: string): void {
  localStorage.setItem(NAME_KEY, name);
}

interface UserAgentData {
  readonly brands: readonly { readonly brand: string }[];
  readonly mobile: boolean;
  readonly platform: string;
  getHighEntropyValues(hints: readonly string[]): Promise<{ model?: string }>;
}

async function readAgent(): Promise<Agent> {
  const { userAgent, maxTouchPoints } = navigator;
  const data = (navigator as { userAgentData?: UserAgentData }).userAgentData;
  if (!data) return { userAgent, maxTouchPoints };
  // Some browsers refuse the model: then the device goes by its platform.
  const { model = '' } = await data.getHighEntropyValues(['model']).catch(() => ({ model: '' }));
  const brands = data.brands.map(({ brand }) => brand);
  return { userAgent, maxTouchPoints, brands, platform: data.platform, mobile: data.mobile, model };
}

function platformOf({ userAgent, platform, maxTouchPoints }: Agent): string {
  const found = first(PLATFORMS, platform || userAgent) ?? first(PLATFORMS, userAgent) ?? UNKNOWN;
  // An iPad says that it is a Mac, but no Mac has a touch screen.
  return found === 'macOS' && maxTouchPoints > 1 ? 'iPadOS' : found;
}

function formOf({ userAgent, mobile }: Agent, platform: string): DeviceCard['form'] {
  if (platform === 'iOS') return 'phone';
  if (platform === 'iPadOS') return 'tablet';
  if (platform === 'Android') return (mobile ?? /Mobile/.test(userAgent)) ? 'phone' : 'tablet';
  return 'computer';
}

function nameOf({ model }: Agent, platform: string, form: DeviceCard['form']): string {
  if (model && SPOKEN_MODEL.test(model)) return model;
  if (model?.startsWith('SM-')) return `Samsung ${form}`;
  if (platform === 'iOS') return 'iPhone';
  if (platform === 'iPadOS') return 'iPad';
  if (platform === 'macOS') return 'Mac';
  if (platform === 'ChromeOS') return 'Chromebook';
  if (platform === UNKNOWN) return `Some ${form}`;
  return form === 'computer' ? `${platform} laptop` : `${platform} ${form}`;
}

function first(table: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
