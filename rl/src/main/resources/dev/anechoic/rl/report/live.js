/* The live page: ask for the charts every two seconds, replace them when the run has moved on. */
{
  const live = document.getElementById('live');
  const status = document.getElementById('state');
  let seen = '';
  const poll = async () => {
    try {
      const answer = await (await fetch(`charts?${seen}`)).json();
      seen = answer.state;
      if (answer.html) {
        const y = scrollY;
        live.innerHTML = answer.html;
        scrollTo(0, y);
      }
      status.textContent = 'live';
    } catch {
      status.textContent = 'the server does not answer';
    }
    setTimeout(poll, 2000);
  };
  poll();
}
