// The map: shared places in clusters, each opening its talk. The list beside it stands without the map, too.

const shelf = document.getElementById("map");

try {
  const [data] = await Promise.all([allPlaces(), import(shelf.dataset.leaflet)]);
  await import(shelf.dataset.clusters);
  show(window.L, data);
} catch (error) {
  shelf.hidden = true;
  throw error;
}

// The page lists some; the map has all.
async function allPlaces() {
  const found = [];
  for (let page = 1; page;) {
    const answer = await fetch(`${shelf.dataset.places}?page=${page}`);
    if (!answer.ok) throw new Error(`places: ${answer.status}`);
    const { places, next } = await answer.json();
    found.push(...places);
    page = next;
  }
  return found;
}

function show(L, data) {
  L.Icon.Default.imagePath = shelf.dataset.images;
  const map = L.map(shelf);
  map.attributionControl.setPrefix("");
  L.tileLayer(shelf.dataset.tiles, { maxZoom: 19, attribution: shelf.dataset.thanks }).addTo(map);
  const clusters = L.markerClusterGroup({ maxClusterRadius: 50 });
  for (const place of data) {
    const marker = L.marker([place.latitude, place.longitude], {
      title: place.name ?? place.sent_at.slice(0, 10),
      alt: place.name ?? "",
    });
    const link = document.createElement("a");
    link.href = `${shelf.dataset.talks}${place.exchange_id}#m${place.message_id}`;
    link.textContent = `${place.name ?? ""} ${place.sent_at.slice(0, 10)}`.trim(); // never as HTML: people wrote it
    marker.bindPopup(link);
    clusters.addLayer(marker);
  }
  map.addLayer(clusters);
  map.fitBounds(clusters.getBounds(), { maxZoom: 14, padding: [30, 30] });
}
