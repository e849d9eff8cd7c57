// The map: shared places in clusters, each opening its talk. The list beside it stands without the map, too.

const shelf = document.getElementById("map");
const data = JSON.parse(document.getElementById("places").textContent);

try {
  await import(shelf.dataset.leaflet);
  await import(shelf.dataset.clusters);
  show(window.L);
} catch (error) {
  shelf.hidden = true;
  throw error;
}

function show(L) {
  L.Icon.Default.imagePath = shelf.dataset.images;
  const map = L.map(shelf);
  map.attributionControl.setPrefix("");
  L.tileLayer(shelf.dataset.tiles, { maxZoom: 19, attribution: shelf.dataset.thanks }).addTo(map);
  const clusters = L.markerClusterGroup({ maxClusterRadius: 50 });
  for (const place of data) {
    const marker = L.marker([place.latitude, place.longitude], { title: place.name ?? place.sent_at.slice(0, 10), alt: place.name ?? "" });
    const link = document.createElement("a");
    link.href = `${shelf.dataset.talks}${place.exchange_id}#m${place.message_id}`;
    link.textContent = `${place.name ?? ""} ${place.sent_at.slice(0, 10)}`.trim(); // never as HTML: it is what people wrote
    marker.bindPopup(link);
    clusters.addLayer(marker);
  }
  map.addLayer(clusters);
  map.fitBounds(clusters.getBounds(), { maxZoom: 14, padding: [30, 30] });
}
