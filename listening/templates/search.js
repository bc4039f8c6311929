const box = document.querySelector("#find"), found = document.querySelector("#found"), comments = [...document.querySelectorAll("[data-comment]")];
box.parentElement.hidden = false;
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const comment of comments) comment.hidden = !words.every(word => comment.textContent.toLowerCase().includes(word));
  found.textContent = words.length ? `${comments.filter(comment => !comment.hidden).length} of ${comments.length}` : "";
});
