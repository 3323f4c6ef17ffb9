/**
 * Runs within the frame that draws a diagram: a document of its own, without an origin, whose policy permits this script and
 * no request at all (`http/diagram.ts`). It is told a source once, over a port, and tells how high the picture is, or null
 * where there is none. Built into `diagram.html` by `vite.config.ts`.
 */
import type { Mermaid, MermaidConfig } from 'mermaid'
import type { Height, Order } from './diagram.tsx'

declare const mermaid: Mermaid

/** Beyond, it is no picture that anybody could read. */
const LARGEST_PX = 20_000
/** A wide diagram is drawn smaller, down to this scale; then the frame scrolls. */
const SMALLEST = 0.7

const CONFIG: MermaidConfig = {
  startOnLoad: false,
  securityLevel: 'strict',
  htmlLabels: false,
  suppressErrorRendering: true,
  maxTextSize: 20_000,
  maxEdges: 400,
  theme: 'base',
  look: 'classic',
  flowchart: { nodeSpacing: 36, rankSpacing: 40 },
  fontFamily: 'Atkinson, system-ui, sans-serif',
  secure: [
    'secure',
    'securityLevel',
    'startOnLoad',
    'maxTextSize',
    'maxEdges',
    'suppressErrorRendering',
    'htmlLabels',
    'dompurifyConfig',
    'theme',
    'themeCSS',
    'themeVariables',
    'fontFamily',
    'altFontFamily',
  ],
}

/** The table of `tokens.css`, as the library can read it. */
const LIGHT = {
  ground: '#f4f3f0',
  soft: '#ddf3ec',
  line: '#9dc4b9',
  ink: '#1c222b',
  muted: '#545b66',
  edge: '#6d7279',
  note: '#fdf1d8',
}
const DARK: typeof LIGHT = {
  ground: '#0a0f13',
  soft: '#17312a',
  line: '#3d7769',
  ink: '#e4e8ed',
  muted: '#9aa3aa',
  edge: '#8b949b',
  note: '#362913',
}

function colours({ ground, soft, line, ink, muted, edge, note }: typeof LIGHT, darkMode: boolean) {
  return {
    darkMode,
    fontSize: '16px',
    useGradient: false,
    dropShadow: 'none',
    background: ground,
    mainBkg: soft,
    primaryColor: soft,
    primaryBorderColor: line,
    primaryTextColor: ink,
    secondaryColor: note,
    secondaryBorderColor: edge,
    secondaryTextColor: ink,
    tertiaryColor: ground,
    tertiaryBorderColor: line,
    tertiaryTextColor: ink,
    textColor: ink,
    titleColor: ink,
    lineColor: edge,
    edgeLabelBackground: ground,
    clusterBkg: ground,
    clusterBorder: line,
    noteBkgColor: note,
    noteBorderColor: edge,
    noteTextColor: ink,
    actorBkg: soft,
    actorBorder: line,
    actorTextColor: ink,
    signalColor: edge,
    signalTextColor: ink,
    labelTextColor: ink,
    loopTextColor: muted,
    gridColor: edge,
    taskTextColor: ink,
    taskTextDarkColor: ink,
    taskTextOutsideColor: ink,
  }
}

addEventListener(
  'message',
  ({ data, ports: [port] }: MessageEvent<Order>) => {
    if (!port) return
    const tell = (height: Height) => port.postMessage(height)
    show(data).then(
      (picture) => {
        const measure = () => tell(fitted(picture))
        addEventListener('resize', measure)
        measure()
      },
      () => tell(null),
    )
  },
  { once: true },
)

async function show({ source, dark }: Order): Promise<SVGSVGElement> {
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
  await document.fonts.load('16px Atkinson')
  mermaid.initialize({ ...CONFIG, themeVariables: colours(dark ? DARK : LIGHT, dark) })
  const { svg } = await mermaid.render('diagram', source)
  document.body.innerHTML = svg
  for (const each of document.body.querySelectorAll('script, iframe, image, img, object, embed, animate, set')) each.remove()
  for (const link of document.body.querySelectorAll('a')) link.replaceWith(...link.childNodes)
  const picture = document.body.querySelector('svg')
  const { width, height } = picture?.viewBox.baseVal ?? { width: 0, height: 0 }
  if (!picture || width <= 0 || height <= 0 || Math.max(width, height) > LARGEST_PX) throw new Error('there is no picture')
  picture.removeAttribute('width')
  picture.removeAttribute('height')
  return picture
}

/** Gives the picture the width there is, and tells how high that makes it. */
function fitted(picture: SVGSVGElement): number {
  const { width, height } = picture.viewBox.baseVal
  const { paddingLeft, paddingTop } = getComputedStyle(document.body)
  const room = document.documentElement.clientWidth - 2 * Number.parseFloat(paddingLeft)
  const drawn = Math.min(width, Math.max(room, SMALLEST * width))
  picture.style.maxWidth = 'none'
  picture.style.width = `${drawn}px`
  picture.style.height = `${(drawn / width) * height}px`
  const scrollbar = innerHeight - document.documentElement.clientHeight
  return Math.ceil((drawn / width) * height + 2 * Number.parseFloat(paddingTop) + scrollbar)
}
