// A click on a picture opens it over the page, as large as it fits; on a phone it can be moved with a finger. Another
// click, the escape key or the back button closes it. Without this script the link leads to the file.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.picture");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const box = document.createElement("dialog"), picture = document.createElement("img");
  box.className = "picture";
  picture.src = link.href;
  picture.alt = link.querySelector("img").alt;
  box.append(picture);
  document.body.append(box);
  box.addEventListener("click", () => box.close());
  box.addEventListener("keydown", (event) => event.key === "Escape" && box.close());  // the theme stops the default
  const back = () => box.close();
  box.addEventListener("close", () => {
    removeEventListener("popstate", back);
    if (history.state === "picture") history.back();
    box.remove();
  });
  history.pushState("picture", "");
  addEventListener("popstate", back);
  box.showModal();
});
