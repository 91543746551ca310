// The page's frame. What lives in it is the browser's part.
import { DELAY_MS } from './faults'

/** @param token what the page sends with all that changes something */
export function html(token: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="demo-token" content="${token}">
    <title>Demo broker</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/live.css">
    <script type="module" src="/live.js"></script>
  </head>
  <body>
    <header>
      <h1>Demo broker</h1>
      <p id="summary">Connecting ...</p>
    </header>
    <main>
      ${FIGURES}
      ${STAGE}
      ${CONTROLS}
      ${STORY}
      ${CHARTS}
      ${MESSAGES}
    </main>
  </body>
</html>
`
}

const FIGURES = `<section id="figures" aria-labelledby="figures-title">
        <h2 id="figures-title">What clients notice</h2>
        <p class="hint">Counted by the page: its subscribers are clients of the broker like any other.</p>
        <dl>
          <div><dt>Median latency</dt><dd id="p50">-</dd></div>
          <div><dt>99th percentile</dt><dd id="p99">-</dd></div>
          <div><dt>Messages received</dt><dd id="received">0</dd></div>
          <div><dt>Lost</dt><dd id="lost">0</dd></div>
          <div><dt>Doubled</dt><dd id="doubled">0</dd></div>
          <div><dt>Out of order</dt><dd id="out-of-order">0</dd></div>
          <div><dt>Disconnected</dt><dd id="broken">0</dd></div>
          <div><dt>Subscribers</dt><dd id="subscribers">0</dd></div>
        </dl>
      </section>`

const STAGE = `<section id="stage" aria-labelledby="stage-title">
        <div class="bar">
          <h2 id="stage-title" tabindex="-1">Workers and their clients</h2>
          <div class="buttons">
            <button id="reload" type="button">Reload</button>
            <button id="more" type="button">Add a worker</button>
            <button id="fewer" type="button">Remove a worker</button>
          </div>
        </div>
        <ul class="legend">
          <li><svg class="dots" aria-hidden="true"><circle class="page subscriber" cx="8" cy="8" r="5"/></svg>the page's own</li>
          <li><svg class="dots" aria-hidden="true"><circle class="load subscriber" cx="8" cy="8" r="5"/></svg>the load's</li>
          <li><svg class="dots" aria-hidden="true"><circle class="other subscriber" cx="8" cy="8" r="5"/></svg>others</li>
          <li><svg class="dots" aria-hidden="true"><circle class="other" cx="8" cy="8" r="4.5"/></svg>not a subscriber</li>
        </ul>
        <ul id="lanes"></ul>
        <canvas id="motion" aria-hidden="true"></canvas>
      </section>`

const CONTROLS = `<section id="controls" aria-labelledby="controls-title">
        <h2 id="controls-title">Load and faults</h2>
        <div class="row">
          <button id="load" type="button">Start load</button>
          <p id="load-state">No load is running.</p>
        </div>
        <p class="hint">Faults are put on connections of the page's subscribers and of the load, by rules of @x/testkit.</p>
        <p class="row"><label for="target">Put on</label><select id="target"><option value="">all of them</option></select></p>
        <div class="buttons">
          <button id="delay" type="button">Delay ${DELAY_MS} ms</button>
          <button id="drop" type="button">Drop one read in five</button>
          <button id="cut" type="button">Cut connections</button>
          <button id="calm" type="button">Calm</button>
        </div>
        <p id="faults">No fault is in force.</p>
      </section>`

const STORY = `<section id="story" aria-labelledby="story-title">
        <h2 id="story-title">What happened, and what it cost</h2>
        <p id="notice" role="status">Nothing yet: press a button.</p>
        <ol id="episodes" tabindex="0" aria-labelledby="story-title"></ol>
      </section>`

const CHARTS = `<section id="charts" aria-labelledby="charts-title">
        <h2 id="charts-title">The last two minutes</h2>
        <figure id="rates"><figcaption>Messages a second</figcaption></figure>
        <figure id="latency"><figcaption>Latency in milliseconds</figcaption></figure>
      </section>`

const MESSAGES = `<section id="messages" aria-labelledby="messages-title">
        <h2 id="messages-title">Messages, in the order of publishing</h2>
        <form id="publish">
          <label>Channel <input name="channel" value="news" autocomplete="off" required></label>
          <label>Message <input name="text" value="hello" autocomplete="off"></label>
          <button type="submit">Publish</button>
        </form>
        <p id="published" role="status"></p>
        <p class="hint">The newest is on top. Of a busy channel it is a selection.</p>
        <ol id="feed" tabindex="0" aria-labelledby="messages-title"></ol>
      </section>`
