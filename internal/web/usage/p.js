(()=>{
const d=document,s=d.currentScript,l=location,n=navigator,to=new URL("/p",s.src),ds=s.dataset;
let url=l.href,ref=d.referrer,began=0,spent=0,sent=0,started={},v={};
const send=(n_,p,u)=>fetch(to,{method:"POST",keepalive:true,body:JSON.stringify({n:n_,u:u||url,r:ref,w:innerWidth,p}),mode:"no-cors"}).catch(()=>{});
const run=()=>{began=d.hidden?0:performance.now()};
const stop=()=>{if(began)spent+=performance.now()-began;began=0};
const leave=()=>{stop();const ms=Math.round(spent-sent);if(ms>999){sent=spent;send("user_engagement",{engagement_time_msec:ms})}};
const view=()=>{if(l.href==url)return;leave();ref=url;url=l.href;spent=sent=0;started={};run();send("page_view")};
if(!("served" in ds))send(ds.event||"page_view");
run();
d.addEventListener("visibilitychange",()=>{if(d.hidden){leave();for(const m in v)send("web_vitals",{metric:m,value:v[m]});v={}}else run()});
addEventListener("pagehide",leave);
for(const f of["pushState","replaceState"]){const old=history[f];history[f]=function(){old.apply(this,arguments);view()}}
addEventListener("popstate",view);
d.addEventListener("click",e=>{const a=e.target.closest&&e.target.closest("a[href]");if(!a)return;const file=/\.(pdf|docx?|xlsx?|pptx?|csv|zip|odt|ods|rar|txt|mp[34])$/i.test(a.pathname);if(file)send("file_download",{link_url:a.href});else if(a.host!=l.host)send("click",{link_url:a.href})},true);
const form=(n_,e)=>{const f=e.target.form||e.target,id=f.getAttribute&&(f.id||f.getAttribute("action"));if(id&&!started[n_+id]){started[n_+id]=1;send(n_,{form_id:id})}};
if(!("served" in ds)){d.addEventListener("input",e=>form("form_start",e),true);d.addEventListener("submit",e=>form("form_submit",e),true)}
const see=(type,f,o)=>{try{new PerformanceObserver(x=>x.getEntries().forEach(f)).observe({type,buffered:true,...o})}catch{}};
see("largest-contentful-paint",e=>v.LCP=e.startTime);
see("paint",e=>{if(e.name=="first-contentful-paint")v.FCP=e.startTime});
see("layout-shift",e=>{if(!e.hadRecentInput)v.CLS=(v.CLS||0)+e.value});
see("event",e=>{if(e.interactionId)v.INP=Math.max(v.INP||0,e.duration)},{durationThreshold:40});
see("navigation",e=>v.TTFB=e.responseStart);
})()
