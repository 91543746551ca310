// The page's frame. What lives in it is the browser's part.

export const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>demo broker</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/live.css">
    <script type="module" src="/live.js"></script>
  </head>
  <body>
    <header>
      <h1>demo broker</h1>
      <p id="summary">connecting ...</p>
      <p id="notice" role="status"></p>
    </header>
    <main>
      <section id="charts">
        <figure id="messages"><figcaption>Messages a second</figcaption></figure>
        <figure id="clients"><figcaption>Clients</figcaption></figure>
      </section>
      <section>
        <h2>Workers</h2>
        <table>
          <thead>
            <tr><th>worker</th><th>process</th><th>state</th><th>clients</th><th>subscribers</th><th>memory</th><th>lag</th><th>up</th></tr>
          </thead>
          <tbody id="workers"></tbody>
        </table>
        <p>
          <button id="reload" type="button">Reload</button>
          <button id="fewer" type="button">One worker less</button>
          <button id="more" type="button">One worker more</button>
        </p>
      </section>
      <section>
        <h2>Messages</h2>
        <form id="publish">
          <input name="channel" value="news" aria-label="channel" required>
          <input name="text" value="hello" aria-label="message">
          <button type="submit">Publish</button>
        </form>
        <ol id="feed"></ol>
      </section>
    </main>
  </body>
</html>
`
